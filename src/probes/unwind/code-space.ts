/** Which code a process has mapped, as a number. Pure. */
import { add, mov, mul, rsh, xor } from "../../asm/alu";
import { helper } from "../../asm/helper-ids";
import { type Block, label } from "../../asm/instruction";
import { call, jump } from "../../asm/jump";
import { stackAddress } from "../../asm/macros/map";
import { load, loadImm64, store } from "../../asm/memory";
import type { Width } from "../../asm/opcode";
import { fp, type Register, r0, r1, r2, r3 } from "../../asm/register";
import type { KernelFacts } from "../../bpf/facts";
import { HASH_MULTIPLIER } from "../stack-store";
import { hasTaskRegisters, requireTypes } from "../user-stack-copy";

/**
 * Writes the number of the code that the current process has mapped to `fp + at`, where 0 is: it is another one for each
 * process and after each execve, and it changes as code is mapped and unmapped. `scratch` names eight free bytes. Loses
 * r0–r5.
 */
export function codeSpace(facts: Pick<KernelFacts, "btf">, at: number, scratch: number): Block {
  const btf = requireTypes(facts);
  const member = (type: string, path: string) => btf.requireMember(type, path);
  const leader = member("task_struct", "group_leader").offset;
  const started = member("task_struct", "start_time").offset;
  // The execve's so far. All threads of a process have the same, and the same leader.
  const executed = member("task_struct", "self_exec_id");
  const mm = member("task_struct", "mm").offset;
  // Executable pages.
  const mapped = member("mm_struct", "exec_vm").offset;
  const width = executed.size as Width;
  const mix = (from: Register): Block => [
    [load(8, r2, fp, at), xor(r2, from), loadImm64(r1, HASH_MULTIPLIER), mul(r2, r1)],
    store(8, fp, at, r2),
  ];
  const none = label("nothing_mapped");
  if (hasTaskRegisters(btf))
    return [
      [call(helper.getCurrentPidTgid), rsh(r0, 32), mix(r0), call(helper.getCurrentTaskBtf)],
      [load(8, r3, r0, leader), load(8, r3, r3, started), mix(r3)],
      [load(width, r3, r0, executed.offset), mix(r3)],
      [load(8, r3, r0, mm), jump.eq(r3, 0, none), load(8, r3, r3, mapped), mix(r3), none],
    ];
  const read = (from: number, size: number): Block => [
    [add(r3, from), stackAddress(r1, scratch), mov(r2, size), call(helper.probeReadKernel)],
    load(size as Width, r3, fp, scratch),
  ];
  const task: Block = [call(helper.getCurrentTask), mov(r3, r0)];
  return [
    [call(helper.getCurrentPidTgid), rsh(r0, 32), mix(r0)],
    [task, read(leader, 8), read(started, 8), mix(r3)],
    [task, read(executed.offset, width), mix(r3)],
    [task, read(mm, 8), jump.eq(r3, 0, none), read(mapped, 8), mix(r3), none],
  ];
}
