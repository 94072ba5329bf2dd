/**
 * Options to programs and maps. Pure: the same options and facts give the same bytes.
 *
 * Counting takes sys_enter alone. Whatever is about results or times takes sys_exit too: the entry is noted per
 * thread, filters are applied there, and the event is counted at the exit. Registers that calls keep:
 *
 *     r6  sys_enter: the context, later the ids shown; sys_exit: the result, later the error number
 *     r7  the system call's number
 *     r8  the code of its ABI
 *     r9  the thread, later the nanoseconds the call took
 */
import { mov, neg, rsh, sub } from "../../asm/alu";
import { helper } from "../../asm/helper-ids";
import { type Block, type Label, label } from "../../asm/instruction";
import { call, exit, jump, jump32 } from "../../asm/jump";
import { load } from "../../asm/memory";
import { r0, r1, r2, r3, r4, r5, r6, r7, r8, r9 } from "../../asm/register";
import type { KernelFacts } from "../../bpf/facts";
import type { MapSpec } from "../../bpf/map-spec";
import type { ProbeSpec, ProgramSpec } from "../../bpf/program-spec";
import { SHOWN_IDS_SIZE, shownIds } from "../../probes/current-task";
import { descendantMaps, descendantPrograms, keepDescendants } from "../../probes/descendants";
import { type Dimension, keyCodec, writeKey } from "../../probes/group-key";
import { dropOurselves, type Ourselves } from "../../probes/ourselves";
import { LOWEST_ERROR, type StatsParts } from "../../probes/stats";
import { abiCode } from "../../probes/syscall-abi";
import { syscallHook } from "../../probes/syscall-registers";
import { keepSelected, selectionMap } from "../../probes/syscall-selection";
import { addToTally, type Store, type Tally, tally } from "../../probes/tally";
import { filterMaps, keepTask, TASK_FILTER_STACK, type TaskFilter } from "../../probes/task-filter";
import {
  NAME_STACK,
  type NamedTask,
  noteName,
  renameOnExec,
  type TaskNames,
  taskNames,
} from "../../probes/task-names";
import { enterCall, exitCall, threadCallMaps, threadIdentity } from "../../probes/thread-calls";
import { nativeAbi, syscallNumber } from "../../symbols/syscalls";
import type { SyscallSelection } from "../../symbols/syscalls/select";

export interface ProbeOptions {
  readonly by: readonly Dimension[];
  readonly latency: boolean;
  /** Count failures beside all calls. */
  readonly errors: boolean;
  /** Count failures only. */
  readonly failedOnly: boolean;
  /** Count only this error number. */
  readonly errno?: number | undefined;
  /** Keep the calls in progress, and nothing else. */
  readonly inFlight: boolean;
  readonly selection?: SyscallSelection | undefined;
  readonly filter: TaskFilter;
  /** Count only the descendants of the program that bpfkit starts. */
  readonly follow: boolean;
  readonly store: Store;
  readonly maxEntries: number;
  /** bpfkit itself, which is not counted unless `filter.pids` names it. */
  readonly ourselves: Ourselves;
}

/** The probe, and where its results will lie. */
export interface SyscallTopProbe {
  readonly spec: ProbeSpec;
  /** Absent for the calls in progress. */
  readonly tally: Tally | undefined;
  readonly names: TaskNames | undefined;
  /** Whether calls are followed from entry to exit. */
  readonly followsCalls: boolean;
}

/** True where only failed calls are counted, so that the count is the count of failures. */
export function countsFailuresOnly(options: Pick<ProbeOptions, "by" | "failedOnly" | "errno">): boolean {
  return options.failedOnly || options.errno !== undefined || options.by.includes("errno");
}

/** What is kept per group. */
export function statsParts(options: ProbeOptions): StatsParts {
  return { latency: options.latency, failed: options.errors && !countsFailuresOnly(options) };
}

function needsExit(options: ProbeOptions): boolean {
  return options.inFlight || options.latency || options.errors || countsFailuresOnly(options);
}

/** The one dimension whose values are small numbers, if that is all there is to group by. */
export function indexedDimension(by: readonly Dimension[]): "syscall" | "errno" | undefined {
  const [only, ...more] = by;
  return more.length === 0 && (only === "syscall" || only === "errno") ? only : undefined;
}

/** Places of an array: numbers of native calls, or error numbers (the kernel's own go up to 530). */
const INDEX_LIMIT = { syscall: 512, errno: 1024 } as const;

// The stack, from the frame pointer down. What the blocks need at the same time does not overlap.
const SCRATCH = -Math.max(TASK_FILTER_STACK, SHOWN_IDS_SIZE, 8);
const NAMES = SCRATCH;
const REST = NAMES - NAME_STACK;

/** Builds the probe. */
export function syscallTopProbe(options: ProbeOptions, facts: KernelFacts): SyscallTopProbe {
  const native = nativeAbi(facts.arch);
  const { selection, filter, follow, inFlight } = options;
  const counted = inFlight ? undefined : layOutTally(options, facts);
  const named = namedTask(options.by);
  const names =
    named === undefined || inFlight ? undefined : taskNames(options.maxEntries, options.store === "lru");
  const selected = selection === undefined ? undefined : selectionMap(selection, native);
  const withExit = needsExit(options);
  const count = counted === undefined ? [] : countEvent(options, facts, counted, names, withExit);
  const programs: ProgramSpec[] = [
    ...(follow ? descendantPrograms(facts.btf()) : []),
    ...(names === undefined || named === undefined ? [] : [renameOnExec(names, named, facts)]),
    ...(withExit ? [onExit(options, facts, count)] : []),
    onEnter(options, facts, selected, withExit ? noteEntry(options, facts) : count),
  ];
  const maps = [
    ...(counted?.maps ?? []),
    ...(names === undefined ? [] : [names as MapSpec]),
    ...(selected === undefined ? [] : [selected]),
    ...filterMaps(filter),
    ...(follow ? descendantMaps : []),
    ...(withExit ? threadCallMaps : []),
  ];
  return { spec: { maps, programs }, tally: counted, names, followsCalls: withExit };
}

function namedTask(by: readonly Dimension[]): NamedTask | undefined {
  if (by.includes("thread")) return "thread";
  return by.includes("process") ? "process" : undefined;
}

function layOutTally(options: ProbeOptions, facts: KernelFacts): Tally {
  const indexed = indexedDimension(options.by);
  return tally({
    key: keyCodec(options.by),
    parts: statsParts(options),
    store: options.store,
    maxEntries: options.maxEntries,
    cpus: facts.possibleCpus,
    ...(indexed === undefined ? {} : { index: indexOf(indexed) }),
  });
}

function indexOf(dimension: "syscall" | "errno") {
  const limit = INDEX_LIMIT[dimension];
  return dimension === "syscall"
    ? { limit, keyOf: (number: number) => ({ number, abi: 0 }) }
    : { limit, keyOf: (errno: number) => ({ errno }) };
}

function onEnter(
  options: ProbeOptions,
  facts: KernelFacts,
  selected: MapSpec | undefined,
  then: Block,
): ProgramSpec {
  const drop = label("drop");
  const native = nativeAbi(facts.arch);
  const { selection } = options;
  return {
    name: "sys_enter",
    hook: syscallHook("sys_enter", facts),
    code: [
      // The context is (struct pt_regs *, long number).
      [mov(r6, r1), load(8, r7, r6, 8)],
      keepProcesses(options, facts, drop),
      keepTask(options.filter, facts.pidNamespace, SCRATCH, drop),
      abiCode(facts, r6, r7, r8, SCRATCH),
      selection === undefined || selected === undefined
        ? []
        : keepSelected(selection, native, selected, r7, r8, drop),
      then,
      [drop, mov(r0, 0), exit()],
    ],
  };
}

/** Not ourselves; with COMMAND, nothing but its descendants, from its execve on. */
function keepProcesses(options: ProbeOptions, facts: KernelFacts, drop: Label): Block {
  if (options.follow) {
    const execve = syscallNumber(nativeAbi(facts.arch), "execve") as number;
    return keepDescendants(drop, [jump.ne(r7, execve, drop)]);
  }
  if (options.filter.pids !== undefined) return [];
  return dropOurselves(options.ourselves, facts, r6, drop);
}

/** At sys_enter: notes the call for the exit. Times and ids are asked for only where somebody wants them. */
function noteEntry(options: ProbeOptions, facts: KernelFacts): Block {
  const { inFlight, latency } = options;
  const noted = { number: r7, abi: r8, startNs: latency || inFlight ? r0 : 1 };
  return [
    threadIdentity(facts, r9, r6),
    inFlight ? [shownIds(facts.pidNamespace, SCRATCH), mov(r6, r0)] : [],
    latency || inFlight ? call(helper.ktimeGetNs) : [],
    inFlight ? [mov(r3, r6), rsh(r3, 32)] : [],
    enterCall(nativeAbi(facts.arch), r9, inFlight ? { ...noted, pid: r3, tid: r6 } : noted, r4, REST),
  ];
}

function onExit(options: ProbeOptions, facts: KernelFacts, count: Block): ProgramSpec {
  const none = label("none");
  return {
    name: "sys_exit",
    hook: syscallHook("sys_exit", facts),
    code: [
      // The context is (struct pt_regs *, long result).
      [load(8, r6, r1, 8), mov(r2, r1), threadIdentity(facts, r9, r2)],
      exitCall(r9, { number: r7, abi: r8, startNs: r9 }, r2, REST, none),
      options.latency ? [call(helper.ktimeGetNs), sub(r0, r9), mov(r9, r0)] : [],
      keepFailures(options, none),
      count,
      [none, mov(r0, 0), exit()],
    ],
  };
}

/** Where only failures count: goes to `drop` for others, and r6 becomes the positive error number. */
function keepFailures(options: ProbeOptions, drop: Label): Block {
  if (!countsFailuresOnly(options)) return [];
  const { errno } = options;
  return [[jump.lt(r6, LOWEST_ERROR, drop), neg(r6)], errno === undefined ? [] : jump32.ne(r6, errno, drop)];
}

function countEvent(
  options: ProbeOptions,
  facts: KernelFacts,
  counted: Tally,
  names: TaskNames | undefined,
  atExit: boolean,
): Block {
  const { key } = counted.options;
  const indexed = indexedDimension(options.by);
  const named = namedTask(options.by);
  const sources = { number: r7, abi: r8, ...(options.by.includes("errno") ? { errno: r6 } : {}) };
  return addToTally(counted, {
    registers: {
      result: statsParts(options).failed ? r6 : undefined,
      durationNs: options.latency && atExit ? r9 : undefined,
      index: indexed === "errno" ? r6 : r7,
    },
    isIndexed: (elsewhere) => (indexed === "syscall" ? [jump.ne(r8, 0, elsewhere)] : []),
    writeKey: (at) => writeKey(key, at, sources, facts.pidNamespace, SCRATCH),
    onNewKey: () => (names === undefined || named === undefined ? [] : noteName(names, named, facts, NAMES)),
    place: r5,
    stack: REST,
  });
}
