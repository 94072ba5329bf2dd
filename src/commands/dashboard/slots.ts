/**
 * Where the programs of the dashboard add: to this processor's words in mapped memory, or by process to a hash map. Pure.
 * Register 9 holds the address of this processor's words.
 */
import { add, and, lsh, mov, rsh } from "../../asm/alu";
import { atomicAdd } from "../../asm/atomic";
import { helper } from "../../asm/helper-ids";
import type { Block } from "../../asm/instruction";
import { call } from "../../asm/jump";
import { increment } from "../../asm/macros/map";
import { loadMapValue, store } from "../../asm/memory";
import { fp, type Register, r0, r1, r2, r9 } from "../../asm/register";
import type { KernelFacts } from "../../bpf/facts";
import { hashMap, type MapSpec, mappableArray } from "../../bpf/map-spec";
import { count64, u32 } from "../../core/codec";
import { SHOWN_IDS_SIZE, shownIds } from "../../probes/current-task";
import type { Ourselves } from "../../probes/ourselves";
import type { EventSite } from "../../probes/targets/event-site";
import { TASK_FILTER_STACK, type TaskFilter } from "../../probes/task-filter";
import type { CounterName } from "./counters";

/** A counter of the user's own: the places that it counts, or where it adds up a number. */
export interface OwnCounter {
  /** As asked for: `t:net:net_dev_queue`, `libc:malloc`. */
  readonly name: string;
  readonly places: readonly OwnPlace[];
}

/** One place. Without a field or an argument it counts. */
export type OwnPlace =
  /** `net:net_dev_queue` */
  | { readonly tracepoint: string; readonly field?: TracepointField | undefined }
  /** `argument` is an index into the parameters of the site. */
  | { readonly site: EventSite; readonly argument?: number | undefined };

/** Where a number stands in a tracepoint's record. */
export interface TracepointField {
  readonly name: string;
  readonly offset: number;
  readonly size: 1 | 2 | 4 | 8;
  readonly signed: boolean;
}

export interface ProbeOptions {
  readonly counters: readonly CounterName[];
  readonly own: readonly OwnCounter[];
  readonly filter: TaskFilter;
  /** Count only the descendants of the program that bpfkit starts. */
  readonly follow: boolean;
  readonly ourselves: Ourselves;
  /** Count by process instead, into a hash map; for one counter at a time. */
  readonly byProcess: boolean;
}

/** What all parts of the probe share. */
export interface Scene {
  readonly options: ProbeOptions;
  readonly facts: KernelFacts;
  readonly slots: readonly string[];
  readonly shards: number;
  readonly stride: number;
  readonly values: MapSpec<number, BigUint64Array>;
  readonly classes: MapSpec;
}

/** Counts by process. */
export const processCounts = hashMap("process_counts", { key: u32, value: count64, maxEntries: 16_384 });
/** Events of processes that found no room there. */
export const processLosses = mappableArray("process_losses", count64, 1);

/** Bytes of a counter, and of an argument in a context. */
export const WORD = 8;

/** The stack, from the frame pointer down. */
export const SCRATCH = -Math.max(TASK_FILTER_STACK, SHOWN_IDS_SIZE, 8);
const KEY = SCRATCH - 8;
const ONE = KEY - 8;

/** r9 = this processor's counters; by process: nothing, the key is written when something is added. Loses r0–r5. */
export function place({ options, facts, shards, stride, values }: Scene): Block {
  if (options.byProcess) return [shownIds(facts.pidNamespace, SCRATCH), rsh(r0, 32), store(8, fp, KEY, r0)];
  return [
    [call(helper.getSmpProcessorId), and(r0, shards - 1), lsh(r0, Math.log2(stride * WORD))],
    [loadMapValue(r9, values), add(r9, r0)],
  ];
}

/** Adds one to a counter, if it is asked for. */
export function addOne(scene: Scene, name: string): Block {
  const at = scene.slots.indexOf(name);
  if (at < 0) return [];
  if (scene.options.byProcess) return incrementProcess(1);
  return [mov(r1, 1), atomicAdd(8, r9, at * WORD, r1)];
}

/** Adds a register to a counter, if it is asked for. */
export function addAmount(scene: Scene, name: string, by: Register): Block {
  const at = scene.slots.indexOf(name);
  if (at < 0) return [];
  return scene.options.byProcess ? incrementProcess(by) : [atomicAdd(8, r9, at * WORD, by)];
}

function incrementProcess(by: number | Register): Block {
  const onFull: Block = [loadMapValue(r1, processLosses), mov(r2, 1), atomicAdd(8, r1, 0, r2)];
  return increment(processCounts, KEY, ONE, { by, onFull });
}
