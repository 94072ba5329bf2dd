/** How much memory a program has had at most: its resident set at its peak, in pages. Pure. */
import { add, mov } from "../asm/alu";
import { helper } from "../asm/helper-ids";
import { type Block, type Label, label } from "../asm/instruction";
import { call, jump } from "../asm/jump";
import { stackAddress } from "../asm/macros/map";
import { load, store } from "../asm/memory";
import { fp, type Register, r0, r1, r2, r3 } from "../asm/register";
import type { Btf } from "../bpf/btf/btf";
import { tellsLastThread } from "./last-thread";

/** What the blocks here may use besides r0–r5. */
export interface MemoryRegisters {
  /** Of type task_struct. */
  readonly task: Register;
  /** Two registers that calls keep. Lost. */
  readonly spare: readonly [Register, Register];
  /** End of 16 bytes of the stack. */
  readonly stack: number;
}

/**
 * r2 = the most pages that the memory of the task at hand has had so far. Goes to `none` for a task that has none.
 * Before Linux 6.2 the counters are of a type that programs may not follow, so they are read as bytes.
 */
export function peakPages(btf: Btf, { task, spare: [mm, sum], stack }: MemoryRegisters, none: Label): Block {
  const { offset, size, type } = btf.requireMember("mm_struct", "rss_stat");
  const perCpu = btf.member("percpu_counter", "count");
  // Four percpu_counter, or an array of atomic_long_t in a struct: file, anonymous, swap, shared.
  const isPerCpu = btf.resolve(type).kind === "array" && perCpu !== undefined;
  const stride = isPerCpu ? size / 4 : 8;
  const first = offset + (isPerCpu ? perCpu.offset : 0);
  const positive = label("positive");
  const peak = label("peak");
  const at = stack - 8;
  const read = (from: number): Block => [
    [stackAddress(r1, at), mov(r2, 8), mov(r3, mm), add(r3, from), call(helper.probeReadKernel)],
    [jump.ne(r0, 0, none), load(8, r2, fp, at)],
  ];
  return [
    [load(8, mm, task, btf.requireMember("task_struct", "mm").offset), jump.eq(mm, 0, none), mov(sum, 0)],
    [0, 1, 3].map((kind) => [read(first + kind * stride), add(sum, r2)]),
    [jump.sge(sum, 0, positive), mov(sum, 0), positive],
    [read(btf.requireMember("mm_struct", "hiwater_rss").offset), jump.ge(r2, sum, peak), mov(r2, sum), peak],
  ];
}

/**
 * r2 = the most pages that a process has had, at the sched_process_exit of its last thread. What the kernel keeps for
 * getrusage includes what the process was before its execve, such as a large program that it was a vfork of. Where the
 * memory of the program is still there at this point, which is where the tracepoint tells the last thread, it is
 * the smaller of the two.
 */
export function maxRssAtExit(btf: Btf, of: MemoryRegisters): Block {
  const offset = (type: string, member: string) => btf.requireMember(type, member).offset;
  const kept: Block = [
    load(8, r1, of.task, offset("task_struct", "signal")),
    load(8, r2, r1, offset("signal_struct", "maxrss")),
  ];
  if (!tellsLastThread(btf)) return kept;
  const smaller = label("own_peak");
  const gone = label("no_memory");
  const at = of.stack - 16;
  return [
    [kept, store(8, fp, at, r2), peakPages(btf, of, gone)],
    [load(8, r1, fp, at), jump.le(r2, r1, smaller)],
    [gone, load(8, r2, fp, at)],
    smaller,
  ];
}
