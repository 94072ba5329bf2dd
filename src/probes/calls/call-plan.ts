/** What is done with each call, whatever it is a call of: whose calls count, and what becomes of them. Pure. */
import { add, mov, sub } from "../../asm/alu";
import { atomicAdd } from "../../asm/atomic";
import { helper } from "../../asm/helper-ids";
import { type Block, type Label, label } from "../../asm/instruction";
import { call, jump, jump32 } from "../../asm/jump";
import { emitRecord } from "../../asm/macros/record";
import { COMM_SIZE } from "../../asm/macros/stack";
import { load, loadImm64, loadMapValue, store } from "../../asm/memory";
import { fp, type Register, r0, r1, r2, r9 } from "../../asm/register";
import type { KernelFacts } from "../../bpf/facts";
import { type MapSpec, mappableArray, type RingSpec, ringBuffer } from "../../bpf/map-spec";
import { RingBufferFlag } from "../../core/bpf-uapi";
import { count64, type Decoded, struct } from "../../core/codec";
import { NotSupportedError } from "../../core/errors";
import { keepMatching, loadNumber } from "../conditions/call-condition";
import { DURATION_NAME, type Filter, needsReturn } from "../conditions/condition";
import { kernelIds, SHOWN_IDS_SIZE, shownIds } from "../current-task";
import { keepDescendants } from "../descendants";
import { keepNamespaces, NAMESPACE_STACK, type NamespaceFilter } from "../namespace-filter";
import type { Ourselves } from "../ourselves";
import { CAPTURE_STACK, type Caller } from "../stack-store";
import { dropProcess, keepTask, TASK_FILTER_STACK, type TaskFilter } from "../task-filter";
import { CallHead, CallResult, NESTED_RETURN, RecordKind, type RecordLayout } from "./call-record";
import { fillSlot } from "./call-slots";
import {
  type CallStackOptions,
  type CallStacks,
  callStacks,
  countCallStack,
  type StackPlaces,
} from "./call-stacks";
import { countingFiltered, type FilteredCalls, filteredCalls } from "./filtered-calls";
import { addToSite, type SiteCounters, siteCounters } from "./site-counters";
import type { Memory, Param, ValueForm } from "./value-form";

/** Calls that happened and are not told of. */
export const CallLosses = struct({
  /** Their records found the ring buffer full. */
  ringFull: count64,
  /** They could not be noted until their return. */
  unfollowed: count64,
});

export type Mode = "events" | "graph" | "count" | "latency" | "dist" | "stacks";

export interface PlanOptions {
  readonly mode: Mode;
  /** The number whose distribution is wanted in that mode. */
  readonly dist?: string | undefined;
  /** What stacks are wanted in that mode. */
  readonly stacks?: Pick<CallStackOptions, "halves" | "stackSize"> | undefined;
  /** Follow calls to their end: the result and how long they took. */
  readonly withResult: boolean;
  /** Only calls that take at least this long. */
  readonly slowerNs?: number | undefined;
  /** Take one of so many calls, by chance. */
  readonly sample?: number | undefined;
  readonly filter: TaskFilter;
  /** Only calls of which this holds. */
  readonly where?: Filter | undefined;
  /** Only tasks in these namespaces. */
  readonly namespaces?: NamespaceFilter | undefined;
  readonly follow: boolean;
  readonly ourselves: Ourselves;
  /** Bytes of the ring buffer. */
  readonly bufferSize: number;
  /** Bytes kept of a string. */
  readonly stringSize: number;
}

/** The options with the maps that the programs share. */
export interface CallPlan {
  readonly options: PlanOptions;
  readonly facts: KernelFacts;
  readonly ring: RingSpec<Uint8Array>;
  readonly losses: MapSpec<number, Decoded<typeof CallLosses>>;
  readonly filtered: FilteredCalls;
  readonly counters: SiteCounters;
  /** Where stacks are counted, if they are. */
  readonly stacks: CallStacks | undefined;
  readonly maps: readonly MapSpec[];
}

export function callPlan(options: PlanOptions, sites: number, facts: KernelFacts): CallPlan {
  const ring = ringBuffer("calls", options.bufferSize);
  const losses = mappableArray("lost_calls", CallLosses, 1);
  const filtered = filteredCalls(facts.possibleCpus);
  const parts = { latency: options.mode === "latency" || options.mode === "dist", failed: false };
  const counters = siteCounters(sites, parts, facts.possibleCpus);
  const { mode, bufferSize } = options;
  const stacks =
    mode === "stacks" ? callStacks({ ...ALL_STACKS, ...options.stacks, bufferSize }, facts) : undefined;
  const hasRecords = mode === "events" || mode === "graph";
  const results = stacks?.maps ?? [hasRecords ? ring : (counters.map as MapSpec)];
  const maps = [losses as MapSpec, filtered.map as MapSpec, ...results];
  return { options, facts, ring, losses, filtered, counters, stacks, maps };
}

const ALL_STACKS = { halves: { kernel: true, user: true } } as const;

/** The stack that these blocks use, from the frame pointer down; whoever calls them begins at REST. */
export const SCRATCH = -Math.max(TASK_FILTER_STACK, NAMESPACE_STACK, SHOWN_IDS_SIZE, 8);
/** When the call began and how long it took: written by whoever follows calls to their end. */
export const START = SCRATCH - 8;
export const DURATION = SCRATCH - 16;
export const RESULT = SCRATCH - 24;
/** For conditions. */
const CONDITION = SCRATCH - 32;
export const REST = SCRATCH - 40;
/** Below what callers keep there while a call is reported. */
const BELOW = REST - 32;
/** Below it lies, at a return, the key of the call's frame. */
const FRAME_KEY = 64;
/** Where the parts of a stack's count are put together. */
export const STACK_PLACES: StackPlaces = {
  ...{ site: CONDITION, scratch: SCRATCH, capture: REST - FRAME_KEY, key: REST - FRAME_KEY - CAPTURE_STACK },
};

/** Goes to `drop` unless this call of the current task counts. Not for system calls of COMMAND. Loses r0–r5. */
export function keepCall(plan: CallPlan, drop: Label): Block {
  return [keepTraced(plan, drop), keepFiltered(plan, drop)];
}

/** Goes to `drop` for ourselves; with COMMAND, unless the current task is one of it. Loses r0–r5. */
export function keepTraced({ options: { filter, follow, ourselves } }: CallPlan, drop: Label): Block {
  if (follow) return keepDescendants(drop);
  return filter.pids === undefined ? [kernelIds(), dropProcess(r0, ourselves.pid, drop)] : [];
}

/** Goes to `drop` for calls that the filters of tasks, or chance, leave out. They are counted. Loses r0–r5. */
export function keepFiltered(plan: CallPlan, drop: Label): Block {
  const keep = (filtered: Label) => [keepCurrent(plan, filtered), keepSample(plan, filtered)];
  return countingFiltered(plan.filtered, drop, keep);
}

/** Goes to `drop` unless the filters let the current task pass. Loses r0–r5. */
export function keepCurrent(
  { options: { filter, namespaces }, facts }: Pick<CallPlan, "options" | "facts">,
  drop: Label,
): Block {
  const kept = keepTask(filter, facts.pidNamespace, SCRATCH, drop);
  if (namespaces === undefined) return kept;
  const btf = facts.btf();
  if (btf === undefined)
    throw new NotSupportedError("pidns and mntns: need the kernel's BTF", {
      hint: "this kernel has no /sys/kernel/btf/vmlinux (CONFIG_DEBUG_INFO_BTF)",
    });
  return [kept, keepNamespaces(namespaces, btf, SCRATCH, drop)];
}

/** Goes to `drop` for calls that chance leaves out. Loses r0–r5. */
function keepSample({ options: { sample } }: CallPlan, drop: Label): Block {
  if (sample === undefined || sample === 1) return [];
  return [call(helper.getPrandomU32), jump32.ge(r0, Math.floor(2 ** 32 / sample), drop)];
}

/** Writes DURATION from START, and goes to `drop` for calls that were quick enough. They are counted. Loses r0–r5. */
export function measure({ options: { slowerNs }, filtered }: CallPlan, drop: Label): Block {
  const keepSlow = (quick: Label) =>
    slowerNs === undefined ? [] : [loadImm64(r1, BigInt(slowerNs)), jump.lt(r0, r1, quick)];
  return [
    [call(helper.ktimeGetNs), load(8, r1, fp, START), sub(r0, r1), store(8, fp, DURATION, r0)],
    countingFiltered(filtered, drop, keepSlow),
  ];
}

/** A call at hand. */
export interface CallAtHand {
  readonly layout: RecordLayout;
  readonly params: readonly Param[];
  /** Undefined where it gives nothing. */
  readonly result: ValueForm | undefined;
  /** Which site, in a register that calls keep; it is lost. */
  readonly site: Register;
  /** `r1` = argument `index`. Loses r0–r5. */
  loadWord(index: number): Block;
  /** Where its strings lie. */
  readonly memory: Memory;
  /** What the record is of, where calls nest; `frame` loads where the call's frame lies into r1 and loses r0–r5. */
  readonly nested?: { readonly kind: number; readonly frame: Block } | undefined;
  /** Where the function was called, at its first instruction. */
  readonly caller?: Caller | undefined;
}

/** Whether only the return of a call tells that filters leave it out. */
export function decidesAtReturn({ slowerNs, where }: Pick<PlanOptions, "slowerNs" | "where">): boolean {
  return slowerNs !== undefined || asksAtReturn({ where });
}

/** Whether the condition is on what is known at the return alone. */
export function asksAtReturn({ where }: Pick<PlanOptions, "where">): boolean {
  return where !== undefined && needsReturn(where);
}

/**
 * Counts the call or sends a record of it, or goes to `drop` where the condition leaves it out. START, DURATION
 * and RESULT are there where calls are followed to their end. Loses r0–r5, r9 and the site; r7 and r8 where stacks
 * are counted.
 */
export function reportCall(plan: CallPlan, at: CallAtHand, drop: Label): Block {
  const { where } = plan.options;
  if (where === undefined) return tellCall(plan, at);
  const call = { ...at, resultAt: RESULT, durationAt: DURATION, scratch: CONDITION, textStack: BELOW };
  const keep = (filtered: Label) => keepMatching(where, call, filtered);
  return [countingFiltered(plan.filtered, drop, keep), tellCall(plan, at)];
}

/** The same without asking whether the call matters. */
export function tellCall(plan: CallPlan, at: CallAtHand): Block {
  const { mode } = plan.options;
  if (mode === "count") return addToSite(plan.counters, at.site, {}, REST);
  if (mode === "latency")
    return [load(8, r9, fp, DURATION), addToSite(plan.counters, at.site, { durationNs: r9 }, REST)];
  if (mode === "dist") return addNumber(plan, at);
  if (plan.stacks !== undefined)
    return [
      store(8, fp, STACK_PLACES.site, at.site),
      countCallStack(plan.stacks, plan.facts, STACK_PLACES, at.caller),
    ];
  return sendRecord(plan, at);
}

/** Tells that a call begins, or goes to `drop` where a condition leaves it out by then. Loses what `reportCall` does. */
export function tellBeginning(plan: CallPlan, at: CallAtHand, drop: Label): Block {
  return asksAtReturn(plan.options) ? tellCall(plan, at) : reportCall(plan, at, drop);
}

/**
 * Tells that a call returns whose beginning was told of, and whose frame's place `frame` loads into r1; those that come to
 * `quick`, or that the condition leaves out, are told of as passed over. Loses r0–r5, r9 and the site.
 */
export function tellReturn(plan: CallPlan, at: CallAtHand, frame: Block, quick: Label): Block {
  const returning = (kind: number) => ({ ...at, layout: NESTED_RETURN, nested: { kind, frame } });
  if (!decidesAtReturn(plan.options)) return [tellCall(plan, returning(RecordKind.return)), quick];
  const told = label("told");
  const matching = asksAtReturn(plan.options) ? reportCall : tellCall;
  return [
    [matching(plan, returning(RecordKind.return), quick), jump.always(told)],
    [quick, tellCall(plan, returning(RecordKind.passedOver))],
    told,
  ];
}

/** Counts the number asked for. One below zero is counted without a place among the others. */
function addNumber({ options, counters }: CallPlan, at: CallAtHand): Block {
  const call = { ...at, resultAt: RESULT, durationAt: DURATION, scratch: CONDITION, textStack: BELOW };
  const { code, signed } = loadNumber(options.dist ?? DURATION_NAME, call);
  const negative = label("negative");
  const done = label("counted");
  const add = [code, mov(r9, r1), signed ? jump.slt(r9, 0, negative) : []];
  const counted = addToSite(counters, at.site, { durationNs: r9 }, REST);
  if (!signed) return [add, counted];
  return [[add, counted, jump.always(done)], negative, addToSite(counters, at.site, {}, REST), done];
}

function sendRecord({ facts, ring, losses }: CallPlan, at: CallAtHand): Block {
  const { layout, site, loadWord, memory, nested } = at;
  const { withResult, frame, size, words, count, slots } = layout;
  const result = CallHead.size;
  const wordOf = (index: number) => words + 8 * index;
  return emitRecord({
    ring,
    size,
    record: r9,
    flags: RingBufferFlag.BPF_RB_NO_WAKEUP,
    fill: [
      withResult ? load(8, r0, fp, START) : call(helper.ktimeGetNs),
      store(8, r9, CallHead.offsets.timeNs, r0),
      [shownIds(facts.pidNamespace, SCRATCH), store(8, r9, CallHead.offsets.tid, r0)],
      [mov(r1, r9), add(r1, CallHead.offsets.comm), mov(r2, COMM_SIZE), call(helper.getCurrentComm)],
      [
        store(4, r9, CallHead.offsets.site, site),
        store(4, r9, CallHead.offsets.kind, nested?.kind ?? RecordKind.call),
      ],
      frame === undefined || nested === undefined ? [] : [nested.frame, store(8, r9, frame, r1)],
      withResult
        ? [
            [load(8, r1, fp, DURATION), store(8, r9, result + CallResult.offsets.durationNs, r1)],
            [load(8, r1, fp, RESULT), store(8, r9, result + CallResult.offsets.result, r1)],
          ]
        : [],
      Array.from({ length: count }, (_, index) => [loadWord(index), store(8, r9, wordOf(index), r1)]),
      slots.map((slot) =>
        fillSlot(slot, {
          word: wordOf(slot.index),
          wordOf,
          memory,
          spare: site,
          stack: BELOW,
          btf: facts.btf(),
        }),
      ),
    ],
    onFull: countLoss(losses, "ringFull"),
  });
}

/** Counts a call that was lost. Loses r1 and r2. */
export function countLoss(losses: CallPlan["losses"], reason: keyof typeof CallLosses.fields): Block {
  return [loadMapValue(r1, losses), mov(r2, 1), atomicAdd(8, r1, CallLosses.offsets[reason], r2)];
}
