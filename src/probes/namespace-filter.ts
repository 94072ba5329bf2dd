/** Whether the current task is in given namespaces, as /proc/PID/ns shows them. Pure. */
import { add, lsh, mov } from "../asm/alu";
import { helper } from "../asm/helper-ids";
import type { Block, Label } from "../asm/instruction";
import { call, jump32 } from "../asm/jump";
import { stackAddress } from "../asm/macros/map";
import { load } from "../asm/memory";
import { fp, r0, r1, r2, r3 } from "../asm/register";
import type { Btf } from "../bpf/btf/btf";

/** Inode numbers of namespaces; what is absent does not matter. */
export interface NamespaceFilter {
  readonly pid?: number | undefined;
  readonly mount?: number | undefined;
}

/** Bytes of the stack that `keepNamespaces` needs. */
export const NAMESPACE_STACK = 16;

/** Bytes of a struct upid, as a power of two. */
const UPID_SHIFT = 4;

/**
 * Goes to `drop` unless the current task is in these namespaces: the PID namespace that it is in itself, not the one of
 * its future children. `at` names NAMESPACE_STACK free bytes of the stack. Loses r0–r5.
 */
export function keepNamespaces({ pid, mount }: NamespaceFilter, btf: Btf, at: number, drop: Label): Block {
  const offset = (type: string, member: string) => btf.requireMember(type, member).offset;
  const second = at + 8;
  /** `to` = what lies at r3 + `from`; zeros where nothing can be read, as of a task that is about to be gone. */
  const read = (to: number, from: number, size = 8): Block => [
    [add(r3, from), stackAddress(r1, to), mov(r2, size), call(helper.probeReadKernel)],
  ];
  /** Goes on from the pointer at `from`. */
  const follow = (from: number): Block => [load(8, r3, fp, from)];
  const task: Block = [call(helper.getCurrentTask), mov(r3, r0)];
  const keep = (inode: number): Block => [load(4, r1, fp, at), jump32.ne(r1, inode, drop)];
  return [
    mount === undefined
      ? []
      : [
          [task, read(at, offset("task_struct", "nsproxy"))],
          [follow(at), read(at, offset("nsproxy", "mnt_ns"))],
          [follow(at), read(at, offset("mnt_namespace", "ns.inum"), 4), keep(mount)],
        ],
    pid === undefined
      ? []
      : [
          [task, read(at, offset("task_struct", "thread_pid"))],
          [follow(at), read(second, offset("pid", "level"), 4)],
          // The last of its numbers is the one in its own namespace.
          [load(4, r0, fp, second), lsh(r0, UPID_SHIFT), load(8, r3, fp, at), add(r3, r0)],
          read(at, offset("pid", "numbers") + offset("upid", "ns")),
          [follow(at), read(at, offset("pid_namespace", "ns.inum"), 4), keep(pid)],
        ],
  ];
}
