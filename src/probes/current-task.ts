/** Who runs right now, in a program's registers. Pure. */
import { add, lsh, mov, or } from "../asm/alu";
import { helper } from "../asm/helper-ids";
import { type Block, label } from "../asm/instruction";
import { call, jump } from "../asm/jump";
import { stackAddress } from "../asm/macros/map";
import { readComm } from "../asm/macros/stack";
import { load, loadImm64 } from "../asm/memory";
import { fp, r0, r1, r2, r3, r4 } from "../asm/register";
import type { Btf } from "../bpf/btf/btf";
import type { PidNamespace } from "../bpf/facts";
import { struct, u32 } from "../core/codec";

/** `struct bpf_pidns_info`: what bpf_get_ns_current_pid_tgid fills in. */
const PidnsInfo = struct({ pid: u32, tgid: u32 });

/** Bytes of the stack that `shownIds` needs. */
export const SHOWN_IDS_SIZE = PidnsInfo.size;

/** r0 = process id << 32 | thread id, as the kernel numbers them. Loses r1–r5. */
export function kernelIds(): Block {
  return [call(helper.getCurrentPidTgid)];
}

/**
 * r0 = process id << 32 | thread id, as numbered in our own PID namespace; 0 for a task of another one.
 * `at` names SHOWN_IDS_SIZE free bytes of the stack. Loses r1–r5. Since Linux 5.7 in a namespace of its own.
 */
export function shownIds(namespace: PidNamespace | undefined, at: number): Block {
  if (namespace === undefined) return kernelIds();
  const known = label("known");
  const done = label("done");
  return [
    loadImm64(r1, namespace.device),
    loadImm64(r2, namespace.inode),
    stackAddress(r3, at),
    mov(r4, PidnsInfo.size),
    call(helper.getNsCurrentPidTgid),
    jump.eq(r0, 0, known),
    [mov(r0, 0), jump.always(done)],
    known,
    [load(4, r0, fp, at + PidnsInfo.offsets.tgid), lsh(r0, 32)],
    [load(4, r1, fp, at + PidnsInfo.offsets.pid), or(r0, r1)],
    done,
  ];
}

/**
 * Writes the name of the current process, 16 bytes, to `fp + at`: that of its first thread where BTF tells
 * how to get there, else that of the current thread. `scratch` names eight free bytes. Loses r0–r5.
 */
export function readProcessComm(btf: Btf | undefined, at: number, scratch: number): Block {
  const leader = btf?.member("task_struct", "group_leader");
  const comm = btf?.member("task_struct", "comm");
  if (leader === undefined || comm === undefined) return readComm(at);
  return [
    [call(helper.getCurrentTask), mov(r3, r0), add(r3, leader.offset)],
    [stackAddress(r1, scratch), mov(r2, 8), call(helper.probeReadKernel)],
    [load(8, r3, fp, scratch), add(r3, comm.offset)],
    [stackAddress(r1, at), mov(r2, comm.size), call(helper.probeReadKernel)],
  ];
}
