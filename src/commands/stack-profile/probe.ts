/**
 * Options to programs and maps. Pure: the same options and facts give the same bytes.
 *
 * Every program keeps its context in r6, and counts stacks with r7 to r9.
 */
import { and, mov } from "../../asm/alu";
import { atomicAdd } from "../../asm/atomic";
import { helper } from "../../asm/helper-ids";
import { type Block, type Label, label } from "../../asm/instruction";
import { call, exit, jump } from "../../asm/jump";
import { lookup } from "../../asm/macros/map";
import { store } from "../../asm/memory";
import { fp, r0, r1, r6, r7, r9 } from "../../asm/register";
import type { KernelFacts } from "../../bpf/facts";
import { type MapSpec, mappableArray } from "../../bpf/map-spec";
import type { ProbeSpec, ProgramSpec } from "../../bpf/program-spec";
import { count64 } from "../../core/codec";
import { type CountPlaces, countStack, keyAt, type StackCounter } from "../../probes/count-stack";
import { kernelIds, SHOWN_IDS_SIZE } from "../../probes/current-task";
import { descendantMaps, descendantPrograms, keepDescendants } from "../../probes/descendants";
import { type OffCpu, offCpu, offCpuProgram } from "../../probes/off-cpu";
import { type StackSamples, stackSamples } from "../../probes/stack-samples";
import { CAPTURE_STACK, type StackStore, stackStore, TIPS_PER_STACK } from "../../probes/stack-store";
import {
  announce,
  type StackDimension,
  type StackTally,
  stackTally,
  writeStackKey,
} from "../../probes/stack-tally";
import { hasClock, hasWaits, type Measure, type StackCounting } from "../../probes/stacks/collector";
import {
  dropProcess,
  filterMaps,
  keepTask,
  TASK_FILTER_STACK,
  type TaskFilter,
} from "../../probes/task-filter";
import { wakerProgram } from "../../probes/wakers";
import { type EventOptions, eventPrograms } from "./event-program";

export interface ProbeOptions {
  readonly measure: Measure;
  /** Samples a second on each processor. */
  readonly frequency: number;
  /** Take the stack that ends a wait, too. */
  readonly waker: boolean;
  readonly by: StackDimension;
  readonly kernel: boolean;
  readonly user: boolean;
  /** Count the idle task's samples. */
  readonly idle: boolean;
  /** Where stacks are taken when "event" is measured. */
  readonly event?: EventOptions | undefined;
  /** Shorter absences from the processor do not count. */
  readonly minNs: number;
  /** Count the time spent waiting for a processor as time off it. */
  readonly preempted: boolean;
  readonly filter: TaskFilter;
  /** Count only the descendants of the program that bpfkit starts. */
  readonly follow: boolean;
  readonly maxStacks: number;
  /** What is counted is read more than once: maps are emptied each time. */
  readonly isRepeated: boolean;
  /** Bytes of user stacks that samples bring along to be unwound; undefined where the kernel follows frame pointers. */
  readonly stackSize?: number | undefined;
  /** bpfkit itself, which is not counted unless `filter.pids` names it. */
  readonly ourselves: { readonly pid: number };
}

/** The probe, and where its results will lie. */
export interface StackProbe extends StackCounting {
  readonly spec: ProbeSpec;
}

// The stack, from the frame pointer down.
const SCRATCH_SIZE = Math.max(TASK_FILTER_STACK, SHOWN_IDS_SIZE, CAPTURE_STACK, 8);
const SCRATCH = -SCRATCH_SIZE;

const PLACES: CountPlaces = { scratch: SCRATCH, capture: SCRATCH + CAPTURE_STACK, key: SCRATCH };

/** The same stack is met with several others on its other half, and in several processes. */
const PAIRS_PER_STACK = 2;
/** Tasks that are off their processors at the same time. */
const MOST_TASKS = 16_384;

/** Events and waits a second on each processor that there is room for. */
const UNCLOCKED_RATE = 4000;

/** Builds the probe. */
export function stackProbe(options: ProbeOptions, facts: KernelFacts): StackProbe {
  const { measure, by, maxStacks, filter, follow, stackSize } = options;
  const isClocked = hasClock(measure);
  const stacks = stackStore(maxStacks, options.isRepeated);
  const tally = stackTally(
    { by, state: hasWaits(measure), waker: options.waker, tips: isClocked },
    (isClocked ? TIPS_PER_STACK : PAIRS_PER_STACK) * maxStacks,
    options.isRepeated,
  );
  const ticks = isClocked
    ? mappableArray("ticks", count64, 2 ** Math.ceil(Math.log2(facts.possibleCpus)))
    : undefined;
  const off = hasWaits(measure) ? offCpu(tally, MOST_TASKS) : undefined;
  const rate = (measure === "cpu" ? options.frequency : UNCLOCKED_RATE) * facts.possibleCpus;
  const samples =
    stackSize === undefined
      ? undefined
      : stackSamples({ key: tally.key, stackSize, rate, walked: isWalked(options) }, facts);
  const halves = { kernel: options.kernel, user: options.user };
  const counter = { store: stacks, tally, samples, halves };
  const programs = [
    ...(follow ? descendantPrograms(facts.btf()) : []),
    ...(options.user ? [onExec(options, facts, tally)] : []),
    ...(off === undefined ? [] : onWaits(options, facts, { off, tally, stacks, samples })),
    ...(ticks === undefined ? [] : [onTick(options, facts, { ticks, ...counter })]),
    ...onEvents(options, facts, counter),
  ];
  const maps = [
    ...[...stacks.maps, ...tally.maps],
    ...(off?.maps ?? []),
    ...(ticks === undefined ? [] : [ticks as MapSpec]),
    ...(samples?.maps ?? []),
    ...[...filterMaps(filter), ...(follow ? descendantMaps : [])],
  ];
  return { spec: { maps, programs }, store: stacks, tally, ticks, off, samples };
}

/**
 * A clock that ticks faster than this makes its programs unwind: that takes some microseconds more than a copy, and saves some
 * twenty in user space where the same code is met again soon.
 */
const COPIED_FREQUENCY = 250;

function isWalked({ measure, frequency }: ProbeOptions): boolean {
  return measure !== "cpu" || frequency > COPIED_FREQUENCY;
}

interface Places {
  readonly tally: StackTally;
  readonly stacks: StackStore;
  /** Where user stacks are copied instead of walked. */
  readonly samples: StackSamples | undefined;
}

/** Goes to `drop` unless the current task counts. */
function keepCurrent(options: ProbeOptions, facts: KernelFacts, drop: Label, scratch: number): Block {
  const { filter, follow, idle, ourselves } = options;
  const certain = follow || filter.pids !== undefined;
  return [
    [kernelIds(), idle ? [] : jump.eq(r0, 0, drop)],
    certain ? [] : dropProcess(r0, ourselves.pid, drop),
    follow ? keepDescendants(drop) : [],
    keepTask(filter, facts.pidNamespace, scratch, drop),
  ];
}

function onTick(
  options: ProbeOptions,
  facts: KernelFacts,
  { ticks, ...counter }: StackCounter & { readonly ticks: MapSpec<number, number> },
): ProgramSpec {
  const drop = label("drop");
  return {
    name: "sample",
    hook: {
      kind: "perf-event",
      name: "cpu-clock",
      frequency: options.frequency,
      cpus: options.filter.cpus,
    },
    code: [
      mov(r6, r1),
      countTick(ticks),
      keepCurrent(options, facts, drop, SCRATCH),
      countStack(counter, facts, PLACES),
      [drop, mov(r0, 0), exit()],
    ],
  };
}

/** A process is looked at as soon as it has become another program: it may end before its first sample is read. */
function onExec(options: ProbeOptions, facts: KernelFacts, tally: StackTally): ProgramSpec {
  const drop = label("drop");
  const key = keyAt({ tally }, PLACES);
  return {
    name: "meet_on_exec",
    hook: { kind: "raw-tracepoint", name: "sched_process_exec" },
    code: [
      keepCurrent({ ...options, idle: false }, facts, drop, SCRATCH),
      [mov(r7, 0), writeStackKey(tally.key, tally.parts, key, { kernel: r7, user: r7 }, facts, SCRATCH)],
      announce(tally, fp, key, r9),
      [drop, mov(r0, 0), exit()],
    ],
  };
}

function onEvents(options: ProbeOptions, facts: KernelFacts, counter: StackCounter): ProgramSpec[] {
  if (options.event === undefined) return [];
  const keep = (drop: Label) => keepCurrent({ ...options, idle: false }, facts, drop, SCRATCH);
  return eventPrograms(options.event, facts, keep, (weigh, caller) =>
    countStack(counter, facts, PLACES, { weight: weigh(r7), caller }),
  );
}

function countTick(ticks: MapSpec<number, number>): Block {
  const none = label("not_ticked");
  return [
    [call(helper.getSmpProcessorId), and(r0, ticks.maxEntries - 1), store(4, fp, SCRATCH, r0)],
    [lookup(ticks, SCRATCH), jump.eq(r0, 0, none), mov(r1, 1), atomicAdd(8, r0, 0, r1), none],
  ];
}

/** Waker programs come first: whoever leaves must not be woken unseen. */
function onWaits(
  options: ProbeOptions,
  facts: KernelFacts,
  { off, tally, stacks, samples }: Places & { readonly off: OffCpu },
): ProgramSpec[] {
  const { kernel, user, minNs, preempted, measure, waker } = options;
  const places = { off, tally, store: stacks, samples };
  // Where only the waker's stack is asked for, nobody needs the one that waits.
  const isBlockedShown = measure !== "wakeup";
  const leaving = {
    ...places,
    kernel: kernel && isBlockedShown,
    user: user && isBlockedShown,
    minNs,
    preempted: preempted || measure === "wall",
    keep: (drop: Label, scratch: number) => keepCurrent({ ...options, idle: false }, facts, drop, scratch),
    keepStack: SCRATCH_SIZE,
  };
  return [...(waker ? [wakerProgram({ ...places, user }, facts)] : []), offCpuProgram(leaving, facts)];
}
