/** What is kept of each group of events: counters, and a histogram of durations on request. Pure. */
import { add, lsh, mov } from "../asm/alu";
import { atomicAdd } from "../asm/atomic";
import { type Block, label } from "../asm/instruction";
import { jump } from "../asm/jump";
import { load, store } from "../asm/memory";
import { type Register, r1, r2, r3, r4 } from "../asm/register";
import { type Codec, words } from "../core/codec";
import { BUCKETS, bucketIndex } from "./log-histogram";

/** Which parts there are besides the count. */
export interface StatsParts {
  /** A count of the failed ones. */
  readonly failed: boolean;
  /** Total, maximum and histogram of durations. */
  readonly latency: boolean;
}

/** Word indices. The parts not wanted are cut off at the end. */
const COUNT = 0;
const FAILED = 1;
const TOTAL_NS = 2;
const MAX_NS = 3;
const FIRST_BUCKET = 4;

const WORD = 8;

/** The layout of these parts, all of it 64-bit words. */
export function statsCodec(parts: StatsParts): Codec<BigUint64Array> {
  if (parts.latency) return words(FIRST_BUCKET + BUCKETS);
  return words(parts.failed ? FAILED + 1 : COUNT + 1);
}

export interface EventRegisters {
  /** The result of a call; negative error numbers down to −4095 are failures. */
  readonly result?: Register | undefined;
  /** Nanoseconds it took. Lost. */
  readonly durationNs?: Register | undefined;
}

/** The lowest error number a call returns: −MAX_ERRNO, include/linux/err.h */
export const LOWEST_ERROR = -4095;

/**
 * Adds one event to the stats at `place`. Additions are atomic, so it does not matter who shares the place.
 * Two CPUs that raise the maximum at once may keep the smaller one; `highest` in a reader corrects that from
 * the histogram. Loses r1–r4.
 */
export function addEvent(place: Register, { result, durationNs }: EventRegisters): Block {
  const succeeded = label("succeeded");
  const lower = label("not_longest");
  return [
    [mov(r1, 1), atomicAdd(8, place, COUNT * WORD, r1)],
    result === undefined
      ? []
      : [jump.lt(result, LOWEST_ERROR, succeeded), atomicAdd(8, place, FAILED * WORD, r1), succeeded],
    durationNs === undefined
      ? []
      : [
          atomicAdd(8, place, TOTAL_NS * WORD, durationNs),
          [load(8, r2, place, MAX_NS * WORD), jump.ge(r2, durationNs, lower)],
          [store(8, place, MAX_NS * WORD, durationNs), lower],
          [bucketIndex(r2, durationNs, [r3, r4]), lsh(r2, 3), add(r2, place)],
          [mov(r1, 1), atomicAdd(8, r2, FIRST_BUCKET * WORD, r1)],
        ],
  ];
}

/** Stats as numbers. The parts that were not asked for are zero and empty. */
export interface Stats {
  readonly count: number;
  readonly failed: number;
  readonly totalNs: number;
  readonly maxNs: number;
  readonly buckets: Float64Array;
}

const NO_BUCKETS = new Float64Array(0);

/** The sum of words that belong to one group: one set per CPU or per shard. They may be live memory. */
export function sumStats(parts: StatsParts, sets: readonly BigUint64Array[]): Stats {
  const halves = sets.map((set) => new Uint32Array(set.buffer, set.byteOffset, 2 * set.length));
  const sum = (index: number) => halves.reduce((total, set) => total + wordAt(set, index), 0);
  const buckets = parts.latency ? new Float64Array(BUCKETS) : NO_BUCKETS;
  for (let i = 0; i < buckets.length; i++) buckets[i] = sum(FIRST_BUCKET + i);
  return {
    count: sum(COUNT),
    failed: parts.failed || parts.latency ? sum(FAILED) : 0,
    totalNs: parts.latency ? sum(TOTAL_NS) : 0,
    maxNs: parts.latency ? halves.reduce((max, set) => Math.max(max, wordAt(set, MAX_NS)), 0) : 0,
    buckets,
  };
}

/**
 * A 64-bit word as a number, from its halves: a bigint per bucket and report would be most of the garbage. The
 * upper half is read again, so that a carry in between cannot tear the value.
 */
function wordAt(halves: Uint32Array, index: number): number {
  for (;;) {
    const high = halves[2 * index + 1] as number;
    const low = halves[2 * index] as number;
    if (high === halves[2 * index + 1]) return high * 2 ** 32 + low;
  }
}
