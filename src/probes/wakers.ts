/**
 * Who ends a wait: the stack that wakes a task which is off its processor, noted beside the task's own until it runs
 * again. Pure.
 */
import { mov, rsh } from "../asm/alu";
import { type Block, label } from "../asm/instruction";
import { exit, jump } from "../asm/jump";
import { lookup } from "../asm/macros/map";
import { COMM_SIZE, readComm } from "../asm/macros/stack";
import { load, store } from "../asm/memory";
import { fp, type Register, r0, r1, r6, r7, r8, r9 } from "../asm/register";
import type { KernelFacts } from "../bpf/facts";
import type { ProgramSpec } from "../bpf/program-spec";
import { SHOWN_IDS_SIZE, shownIds } from "./current-task";
import { type OffCpu, requireSchedulerTypes } from "./off-cpu";
import { CAPTURE_STACK, captureStack, type StackSide, type StackStore } from "./stack-store";
import type { StackTally } from "./stack-tally";

export interface WakerOptions {
  readonly off: OffCpu;
  /** Its keys have a waker's fields. */
  readonly tally: StackTally;
  readonly store: StackStore;
  /** Take the user's half, too. The kernel's half is always taken: it tells interrupts. */
  readonly user: boolean;
}

// The stack, from the frame pointer down.
const TID_AT = -8;
const AWAY_AT = -16;
const COMM_AT = AWAY_AT - COMM_SIZE;
const SCRATCH = COMM_AT - Math.max(SHOWN_IDS_SIZE, CAPTURE_STACK);

/**
 * The program at sched_waking, which runs where the wake-up comes from: sched_wakeup may run on the processor that the
 * task is woken on. A task that is awake already is not woken again, so there is one waker to a wait, and the task does
 * not run before it is noted. Throws a NotSupportedError without BTF.
 */
export function wakerProgram(options: WakerOptions, facts: KernelFacts): ProgramSpec {
  const { off, store: stacks, tally } = options;
  const pid = requireSchedulerTypes(facts).requireMember("task_struct", "pid").offset;
  const { offsets } = tally.key;
  const drop = label("drop");
  const at = (field: keyof typeof offsets) => off.keyOffset + offsets[field];
  const capture = (side: StackSide, id: Register): Block =>
    captureStack(stacks, { side, ctx: r6, id, work: r9, stack: SCRATCH + CAPTURE_STACK });
  return {
    name: "waker",
    // The context is (task_struct *p): include/trace/events/sched.h
    hook: { kind: "btf-raw-tracepoint", name: "sched_waking" },
    code: [
      mov(r6, r1),
      [load(8, r1, r6, 0), load(4, r1, r1, pid), store(8, fp, TID_AT, r1)],
      [lookup(off.away, TID_AT), jump.eq(r0, 0, drop), store(8, fp, AWAY_AT, r0)],
      [load(8, r1, r0, at("wakerComm")), jump.ne(r1, 0, drop)],
      [capture("kernel", r7), options.user ? capture("user", r8) : mov(r8, 0)],
      [load(8, r9, fp, AWAY_AT), store(8, r9, at("wakerKernel"), r7), store(8, r9, at("wakerUser"), r8)],
      readComm(COMM_AT),
      [load(8, r1, fp, COMM_AT), store(8, r9, at("wakerComm"), r1)],
      [load(8, r1, fp, COMM_AT + 8), store(8, r9, at("wakerComm") + 8, r1)],
      [shownIds(facts.pidNamespace, SCRATCH), mov(r1, r0), rsh(r1, 32), store(4, r9, at("wakerPid"), r1)],
      [drop, mov(r0, 0), exit()],
    ],
  };
}
