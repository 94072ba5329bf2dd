/** What is kept of each group of events: counters, and a histogram of durations on request. Pure. */
import { add, lsh, mov } from "../asm/alu";
import { atomicAdd } from "../asm/atomic";
import { type Block, label } from "../asm/instruction";
import { jump } from "../asm/jump";
import { load, store } from "../asm/memory";
import { type Register, r1, r2, r3, r4 } from "../asm/register";
import type { Codec } from "../core/codec";
import { type Histogram, readHistogram, setWord, sumOf, wordAt, writeHistogram } from "./histogram";
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

/** Stats as numbers. The parts that were not asked for are zero and empty. */
export interface Stats {
  readonly count: number;
  readonly failed: number;
  readonly totalNs: number;
  readonly maxNs: number;
  /** Of the durations. */
  readonly histogram: Histogram;
}

const NO_HISTOGRAM: Histogram = [];

/** The layout of these parts, all of it 64-bit words. What is decoded may be live memory. */
export function statsCodec({ failed, latency }: StatsParts): Codec<Stats> {
  const words = latency ? FIRST_BUCKET + BUCKETS : failed ? FAILED + 1 : COUNT + 1;
  const word = (view: DataView, at: number, index: number) =>
    index < words ? wordAt(view, at + index * WORD) : 0;
  return {
    size: words * WORD,
    align: WORD,
    decode: (view, at) => ({
      count: word(view, at, COUNT),
      failed: word(view, at, FAILED),
      totalNs: word(view, at, TOTAL_NS),
      maxNs: word(view, at, MAX_NS),
      histogram: latency ? readHistogram(view, at + FIRST_BUCKET * WORD) : NO_HISTOGRAM,
    }),
    encode: (view, at, { count, failed, totalNs, maxNs, histogram }) => {
      [count, failed, totalNs, maxNs].slice(0, words).forEach((value, index) => {
        setWord(view, at + index * WORD, value);
      });
      if (latency) writeHistogram(view, at + FIRST_BUCKET * WORD, histogram);
    },
  };
}

/** Whether anything was counted at this place. */
export function hasCounted(view: DataView, at: number): boolean {
  return wordAt(view, at + COUNT * WORD) > 0;
}

/** Stats of both together: of two CPUs, or of two groups that are shown as one. */
export function addStats(a: Stats, b: Stats): Stats {
  return {
    count: a.count + b.count,
    failed: a.failed + b.failed,
    totalNs: a.totalNs + b.totalNs,
    maxNs: Math.max(a.maxNs, b.maxNs),
    histogram: sumOf(a.histogram, b.histogram),
  };
}

export interface EventRegisters {
  /** The result of a call; negative error numbers down to −4095 are failures. */
  readonly result?: Register | undefined;
  /** Nanoseconds it took. Lost. */
  readonly durationNs?: Register | undefined;
}

/** The lowest error number a call returns: −MAX_ERRNO, include/linux/err.h */
export const LOWEST_ERROR = -4095;

/** Adds a register to a 64-bit word. Loses r4 where nobody else writes it. */
function addTo(place: Register, at: number, value: Register, isShared: boolean): Block {
  if (isShared) return [atomicAdd(8, place, at, value)];
  return [load(8, r4, place, at), add(r4, value), store(8, place, at, r4)];
}

/**
 * Adds one event to the stats at `place`. Where the place is shared additions are atomic, so it does not matter by
 * whom. Where one program alone writes it, and only on one CPU, they need not be: no kernel runs a program on a CPU
 * before it has ended there (preemption is off, or bpf_trace_run and the trampolines turn the second run away, as a
 * miss). Two CPUs that raise the maximum at once may keep the smaller one; `highest` in a reader corrects that from
 * the histogram. Loses r1–r4.
 */
export function addEvent(place: Register, { result, durationNs }: EventRegisters, isShared = true): Block {
  const succeeded = label("succeeded");
  const lower = label("not_longest");
  return [
    [mov(r1, 1), addTo(place, COUNT * WORD, r1, isShared)],
    result === undefined
      ? []
      : [jump.lt(result, LOWEST_ERROR, succeeded), addTo(place, FAILED * WORD, r1, isShared), succeeded],
    durationNs === undefined
      ? []
      : [
          addTo(place, TOTAL_NS * WORD, durationNs, isShared),
          [load(8, r2, place, MAX_NS * WORD), jump.ge(r2, durationNs, lower)],
          [store(8, place, MAX_NS * WORD, durationNs), lower],
          [bucketIndex(r2, durationNs, [r3, r4]), lsh(r2, 3), add(r2, place)],
          [mov(r1, 1), addTo(r2, FIRST_BUCKET * WORD, r1, isShared)],
        ],
  ];
}
