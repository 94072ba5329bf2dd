/**
 * How long tasks are off their processors, and where they were when they left: the stack is taken at the switch away,
 * and charged with the time when the task is switched to again. Pure but for `readOffCpu`, which reads an open session.
 */
import { and, mov, sub } from "../asm/alu";
import { atomicAdd } from "../asm/atomic";
import { helper } from "../asm/helper-ids";
import { type Block, type Label, label } from "../asm/instruction";
import { call, exit, jump, jump32 } from "../asm/jump";
import { lookup, remove, update } from "../asm/macros/map";
import { load, loadImm64, loadMapValue, store } from "../asm/memory";
import { fp, type Register, r0, r1, r2, r6, r7, r8, r9 } from "../asm/register";
import type { Btf } from "../bpf/btf/btf";
import type { KernelFacts } from "../bpf/facts";
import { hashMap, type MapSpec, mappableArray } from "../bpf/map-spec";
import type { ProgramSpec } from "../bpf/program-spec";
import type { Session } from "../bpf/session";
import { type Codec, count64, struct, u32 } from "../core/codec";
import { NotSupportedError } from "../core/errors";
import { captureHalf } from "./capture-half";
import { SHOWN_IDS_SIZE } from "./current-task";
import { emitStackRecord, type StackSamples } from "./stack-samples";
import { CAPTURE_STACK, StackId, type StackSide, type StackStore } from "./stack-store";
import { addToStacks, type StackKey, type StackTally, writeStackKey } from "./stack-tally";
import { type UserWalk, walkFields } from "./unwind/walk";

/** Why a task left its processor: bits of task_struct.__state, include/linux/sched.h; 0 if it could have gone on. */
const TASK = {
  interruptible: 1,
  uninterruptible: 2,
  stopped: 4,
  traced: 8,
  parked: 0x40,
  /** Already woken by another processor, while it still leaves. What it waited in can no longer be told. */
  waking: 0x200,
  noload: 0x400,
} as const;
const EXIT_OR_DEAD = 0x10 | 0x20 | 0x80;
const KEPT = 0x64f;

/** The names of states as `--state` takes them. */
export const offCpuStates = ["sleeping", "blocked", "idle", "stopped", "preempted"] as const;
export type OffCpuState = (typeof offCpuStates)[number];

/**
 * sleeping: waits and can be woken by a signal; blocked: waits and cannot (disk, locks); idle: such a wait of a kernel
 * thread that has nothing to do; stopped: by a signal or a tracer; preempted: wants to run, another one does. Who is
 * woken while leaving has waited, and counts as sleeping, which most do.
 */
export function offCpuState(bits: number): OffCpuState {
  if ((bits & (TASK.interruptible | TASK.waking)) !== 0) return "sleeping";
  if ((bits & TASK.uninterruptible) !== 0) return (bits & TASK.noload) !== 0 ? "idle" : "blocked";
  return (bits & (TASK.stopped | TASK.traced | TASK.parked)) !== 0 ? "stopped" : "preempted";
}

const Losses = struct({ tasksFull: count64 });

export interface OffCpu {
  readonly maps: readonly MapSpec[];
  /** By the thread's id as the kernel numbers it. */
  readonly away: MapSpec<number, AwayValue>;
  /** Where the key is in such a task's value. */
  readonly keyOffset: number;
  readonly losses: MapSpec<number, { tasksFull: number }>;
}

/** A task that is off its processor. */
export interface Away {
  /** Its thread's id as the kernel numbers it. */
  readonly tid: number;
  readonly startNs: number;
  /** How long it had run in its life by then, as the scheduler counts. */
  readonly ranNs: number;
  readonly key: StackKey;
}

type AwayValue = Omit<Away, "tid">;

function awayCodec(tally: StackTally) {
  return struct({ startNs: count64, ranNs: count64, key: tally.key as unknown as Codec<StackKey> });
}

/** Lays out the maps, with room for `maxTasks` tasks that are off their processors at the same time. */
export function offCpu(tally: StackTally, maxTasks: number): OffCpu {
  const value = awayCodec(tally);
  const away = hashMap("off_cpu", { key: u32, value, maxEntries: maxTasks });
  const losses = mappableArray("off_losses", Losses, 1);
  const maps = [away, losses] as readonly unknown[] as MapSpec[];
  return { maps, away, keyOffset: value.offsets.key, losses };
}

/** The kernel's types. Throws a NotSupportedError where it does not describe them. */
export function requireSchedulerTypes(facts: Pick<KernelFacts, "btf">): Btf {
  const btf = facts.btf();
  if (btf === undefined)
    throw new NotSupportedError("off-cpu: needs BTF to follow the scheduler's tasks", {
      hint: "this kernel has no /sys/kernel/btf/vmlinux (CONFIG_DEBUG_INFO_BTF)",
    });
  return btf;
}

export interface OffCpuOptions {
  readonly off: OffCpu;
  readonly tally: StackTally;
  readonly store: StackStore;
  readonly kernel: boolean;
  readonly user: boolean;
  /** Where user stacks are copied instead of walked. */
  readonly samples: StackSamples | undefined;
  /** Shorter absences do not count. */
  readonly minNs: number;
  /** Count the time that a task waits for a processor, too. */
  readonly preempted: boolean;
  /** Goes to `drop` unless the current task counts. `scratch` names the beginning of free bytes. */
  keep(drop: Label, scratch: number): Block;
  /** Bytes that `keep` needs. */
  readonly keepStack: number;
}

/**
 * The program at sched_switch. There the current task is the one that leaves, so helpers tell about that one, and its
 * whole key is put aside for its return. Throws a NotSupportedError without BTF.
 */
export function offCpuProgram(options: OffCpuOptions, facts: KernelFacts): ProgramSpec {
  const { off, store: stacks, tally, samples } = options;
  const btf = requireSchedulerTypes(facts);
  const task = (member: string) => btf.requireMember("task_struct", member);
  const state = btf.member("task_struct", "__state") ?? task("state");
  const Value = awayCodec(tally);
  const valueAt = -Math.ceil(Value.size / 8) * 8;
  const tidAt = valueAt - 8;
  const scratch = tidAt - Math.max(options.keepStack, SHOWN_IDS_SIZE, CAPTURE_STACK, 8);
  const keyAt = valueAt + Value.offsets.key;
  const [leave, drop, runnable] = [label("leaves"), label("drop"), label("runnable")];
  const walk = { id: r8, work: r9, stack: scratch };
  const half = (side: StackSide, id: Register) =>
    captureHalf({ store: stacks, samples, halves: options }, facts, side, id, {
      walk,
      capture: scratch + CAPTURE_STACK,
    });
  const ran = task("se.sum_exec_runtime").offset;
  const arrival = { tid: task("pid").offset, ran, tidAt, offsets: Value.offsets, scratch };
  return {
    name: "off_cpu",
    // The context is (bool preempt, task_struct *prev, task_struct *next): include/trace/events/sched.h
    hook: { kind: "btf-raw-tracepoint", name: "sched_switch" },
    code: [
      mov(r6, r1),
      arrive(options, facts, arrival, leave),
      leave,
      [load(8, r1, r6, 8), load(4, r1, r1, task("pid").offset), store(4, fp, tidAt, r1)],
      // Every processor's idle task has the id 0.
      jump32.eq(r1, 0, drop),
      arriveUnseen(options, facts, arrival),
      [load(8, r1, r6, 8), load(state.size === 8 ? 8 : 4, r2, r1, state.offset)],
      [jump32.set(r2, EXIT_OR_DEAD, drop)],
      options.preempted
        ? []
        : [load(8, r1, r6, 0), and(r1, 1), jump.ne(r1, 0, drop), and(r2, KEPT), jump32.eq(r2, 0, drop)],
      options.keep(drop, scratch),
      [half("kernel", r7), half("user", r8)],
      [load(8, r1, r6, 0), and(r1, 1), mov(r9, 0), jump.ne(r1, 0, runnable)],
      [load(8, r1, r6, 8), load(state.size === 8 ? 8 : 4, r9, r1, state.offset), and(r9, KEPT), runnable],
      writeStackKey(tally.key, tally.parts, keyAt, { kernel: r7, user: r8, state: r9 }, facts, scratch),
      [load(8, r1, r6, 8), load(8, r1, r1, ran), store(8, fp, valueAt + Value.offsets.ranNs, r1)],
      [call(helper.ktimeGetNs), store(8, fp, valueAt + Value.offsets.startNs, r0)],
      samples === undefined || !options.user
        ? []
        : copyLeaving(samples, facts, { tidAt, valueAt, keyAt, walk }, drop),
      [update(off.away, tidAt, valueAt), jump32.eq(r0, 0, drop)],
      [loadMapValue(r1, off.losses), mov(r2, 1), atomicAdd(8, r1, Losses.offsets.tasksFull, r2)],
      [drop, mov(r0, 0), exit()],
    ],
  };
}

/** Hands over the stack of the task that leaves, if there is one to be copied; r8 has its id. */
function copyLeaving(
  samples: StackSamples,
  facts: KernelFacts,
  {
    tidAt,
    valueAt,
    keyAt,
    walk,
  }: Readonly<Record<"tidAt" | "valueAt" | "keyAt", number>> & { readonly walk: UserWalk },
  drop: Label,
): Block {
  const uncopied = label("uncopied");
  const fields = {
    ...walkFields(samples.rows, walk),
    ...{ tid: [load(4, r1, fp, tidAt)], startNs: [load(8, r1, fp, valueAt)] },
  };
  return [
    jump.ne(r8, Number(StackId.copied), uncopied),
    emitStackRecord(samples, facts, {
      ...{ kind: "left", key: fp, at: keyAt, fields, work: r9 },
      onFull: [jump.always(drop)],
    }),
    uncopied,
  ];
}

interface Arrival {
  /** Where a task has its id, and how long it has run. */
  readonly tid: number;
  readonly ran: number;
  readonly tidAt: number;
  /** Of the task's value. */
  readonly offsets: Readonly<Record<keyof AwayValue, number>>;
  readonly scratch: number;
}

/** Charges the task that comes onto the processor for its absence, if it was seen leaving. Goes to `leave` if not. */
function arrive(options: OffCpuOptions, facts: KernelFacts, arrival: Arrival, leave: Label): Block {
  const { tid, tidAt, offsets } = arrival;
  return [
    [load(8, r1, r6, 16), load(4, r1, r1, tid), store(8, fp, tidAt, r1), jump32.eq(r1, 0, leave)],
    [lookup(options.off.away, tidAt), jump.eq(r0, 0, leave), mov(r8, r0)],
    [call(helper.ktimeGetNs), load(8, r1, r8, offsets.startNs), sub(r0, r1), mov(r7, r0)],
    charge(options, facts, arrival),
  ];
}

/**
 * A task that leaves has come back before, but perhaps nobody saw it: a kernel may run no programs at the switch from
 * one of its threads to the next task (seen on a virtual machine with Linux 6.18). The wait then ended as long ago as
 * the task has run since.
 */
function arriveUnseen(options: OffCpuOptions, facts: KernelFacts, arrival: Arrival): Block {
  const { ran, tidAt, offsets } = arrival;
  const [seen, some] = [label("seen"), label("waited")];
  return [
    [lookup(options.off.away, tidAt), jump.eq(r0, 0, seen), mov(r8, r0)],
    [call(helper.ktimeGetNs), load(8, r1, r8, offsets.startNs), sub(r0, r1), mov(r7, r0)],
    [load(8, r1, r6, 8), load(8, r1, r1, ran), load(8, r2, r8, offsets.ranNs), sub(r1, r2), sub(r7, r1)],
    // Two clocks need not agree to the nanosecond.
    [jump.sge(r7, 0, some), mov(r7, 0), some],
    charge(options, facts, arrival),
    seen,
  ];
}

/** Counts a wait, which is over: the task's value is at r8, the time in r7. */
function charge(options: OffCpuOptions, facts: KernelFacts, arrival: Arrival): Block {
  const { off, tally, minNs } = options;
  const { tidAt, offsets, scratch } = arrival;
  const forget = label("forget");
  return [
    minNs > 0 ? [loadImm64(r1, BigInt(minNs)), jump.lt(r7, r1, forget)] : [],
    handOverReturn(options, facts, arrival, forget),
    addToStacks(tally, r8, offsets.key, r7, r9, scratch),
    [forget, remove(off.away, tidAt)],
  ];
}

/** A wait of which something was copied is counted in user space. The task's value is at r8, the time in r7. */
function handOverReturn(
  { samples, tally }: OffCpuOptions,
  facts: KernelFacts,
  { tidAt, offsets }: Arrival,
  forget: Label,
): Block {
  if (samples === undefined) return [];
  const [copied, counted] = [label("copied"), label("not_copied")];
  const { user, wakerUser } = tally.key.offsets;
  const isCopied = (at: number): Block => [
    [load(8, r1, r8, offsets.key + at), jump.eq(r1, Number(StackId.copied), copied)],
  ];
  const fields = { tid: [load(4, r1, fp, tidAt)], startNs: [load(8, r1, r8, offsets.startNs)], weight: r7 };
  return [
    [isCopied(user), "wakerUser" in tally.key.fields ? isCopied(wakerUser) : [], jump.always(counted)],
    copied,
    emitStackRecord(samples, facts, { kind: "returned", key: r8, at: offsets.key, fields, work: r9 }),
    [jump.always(forget), counted],
  ];
}

/** The tasks that are off their processors, and how many could not be followed. */
export function readOffCpu({ away, losses }: OffCpu, session: Session): { away: Away[]; tasksFull: number } {
  return {
    away: session
      .map(away)
      .entries()
      .map(([tid, value]) => ({ tid, ...value })),
    tasksFull: session.mappedArray(losses).get(0).tasksFull,
  };
}
