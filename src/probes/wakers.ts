/**
 * Who ends a wait: the stack that wakes a task which is off its processor, noted beside the task's own until it runs
 * again. Pure.
 */
import { mov } from "../asm/alu";
import { type Block, label } from "../asm/instruction";
import { exit, jump } from "../asm/jump";
import { lookup } from "../asm/macros/map";
import { load, store } from "../asm/memory";
import { fp, type Register, r0, r1, r6, r7, r8, r9 } from "../asm/register";
import type { KernelFacts } from "../bpf/facts";
import type { ProgramSpec } from "../bpf/program-spec";
import { captureHalf } from "./capture-half";
import { SHOWN_IDS_SIZE } from "./current-task";
import { type OffCpu, requireSchedulerTypes } from "./off-cpu";
import { emitStackRecord, type StackSamples } from "./stack-samples";
import { CAPTURE_STACK, StackId, type StackSide, type StackStore } from "./stack-store";
import { type StackTally, writeStackKey } from "./stack-tally";
import { type UserWalk, walkFields } from "./unwind/walk";

export interface WakerOptions {
  readonly off: OffCpu;
  /** Its keys have a waker's fields. */
  readonly tally: StackTally;
  readonly store: StackStore;
  /** Take the user's half, too. The kernel's half is always taken: it tells interrupts. */
  readonly user: boolean;
  /** Where user stacks are copied instead of walked. */
  readonly samples: StackSamples | undefined;
}

// The stack, from the frame pointer down.
const TID_AT = -8;
const AWAY_AT = -16;
const SCRATCH = AWAY_AT - Math.max(SHOWN_IDS_SIZE, CAPTURE_STACK);

/**
 * The program at sched_waking, which runs where the wake-up comes from: sched_wakeup may run on the processor that the
 * task is woken on. A task that is awake already is not woken again, so there is one waker to a wait, and the task does
 * not run before it is noted. Throws a NotSupportedError without BTF.
 */
export function wakerProgram(options: WakerOptions, facts: KernelFacts): ProgramSpec {
  const { off, store: stacks, tally, samples, user } = options;
  const pid = requireSchedulerTypes(facts).requireMember("task_struct", "pid").offset;
  const { offsets } = tally.key;
  const keyAt = SCRATCH - tally.key.size;
  const drop = label("drop");
  const at = (field: keyof typeof offsets) => off.keyOffset + offsets[field];
  const walk = { id: r8, work: r9, stack: keyAt };
  const halves = { kernel: true, user };
  const half = (side: StackSide, id: Register) =>
    captureHalf({ store: stacks, samples, halves }, facts, side, id, {
      walk,
      capture: SCRATCH + CAPTURE_STACK,
    });
  return {
    name: "waker",
    // The context is (task_struct *p): include/trace/events/sched.h
    hook: { kind: "btf-raw-tracepoint", name: "sched_waking" },
    code: [
      mov(r6, r1),
      [load(8, r1, r6, 0), load(4, r1, r1, pid), store(8, fp, TID_AT, r1)],
      [lookup(off.away, TID_AT), jump.eq(r0, 0, drop), store(8, fp, AWAY_AT, r0)],
      [load(8, r1, r0, at("wakerComm")), jump.ne(r1, 0, drop)],
      [half("kernel", r7), half("user", r8)],
      writeStackKey(tally.key, tally.parts, keyAt, { kernel: r7, user: r8 }, facts, SCRATCH),
      user && samples !== undefined ? copyWaking(samples, facts, keyAt, walk) : [],
      [load(8, r9, fp, AWAY_AT), store(8, r9, at("wakerKernel"), r7), store(8, r9, at("wakerUser"), r8)],
      [load(8, r1, fp, keyAt + offsets.comm), store(8, r9, at("wakerComm"), r1)],
      [load(8, r1, fp, keyAt + offsets.comm + 8), store(8, r9, at("wakerComm") + 8, r1)],
      [load(4, r1, fp, keyAt + offsets.pid), store(4, r9, at("wakerPid"), r1)],
      [drop, mov(r0, 0), exit()],
    ],
  };
}

/** Hands over the stack of the current task if it could not be walked; its key is at `fp + keyAt`. r8 = what stands for it. */
function copyWaking(samples: StackSamples, facts: KernelFacts, keyAt: number, walk: UserWalk): Block {
  const [lost, walked] = [label("waker_lost"), label("waker_walked")];
  const fields = {
    ...walkFields(samples.rows, walk),
    tid: [load(4, r1, fp, TID_AT)],
    startNs: [load(8, r1, fp, AWAY_AT), load(8, r1, r1, 0)],
  };
  return [
    [jump.ne(r8, Number(StackId.copied), walked), mov(r8, Number(StackId.full))],
    emitStackRecord(samples, facts, {
      ...{ kind: "woken", key: fp, at: keyAt, fields, work: r9 },
      onFull: [jump.always(lost)],
    }),
    [mov(r8, Number(StackId.copied)), lost, walked],
  ];
}
