/**
 * What a log-linear histogram has counted, as user space keeps it. The kernel has a counter for each bucket; durations
 * of one kind fall into a few of them, so only those are kept. Pure.
 */
import { BUCKETS, boundsOf } from "./log-histogram";

/** Buckets and their counts in turn, in the order of the buckets; no count is zero. */
export type Histogram = readonly number[];

const WORD = 8;

/** The histogram whose counters stand at `at`, one 64-bit word for each bucket. They may be live memory. */
export function readHistogram(view: DataView, at: number): Histogram {
  const counted: number[] = [];
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    const count = wordAt(view, at + bucket * WORD);
    if (count > 0) counted.push(bucket, count);
  }
  return counted;
}

/** Writes the counters that `readHistogram` reads. */
export function writeHistogram(view: DataView, at: number, histogram: Histogram): void {
  new Uint8Array(view.buffer, view.byteOffset + at, BUCKETS * WORD).fill(0);
  for (let i = 0; i < histogram.length; i += 2)
    setWord(view, at + (histogram[i] as number) * WORD, histogram[i + 1] as number);
}

/**
 * A 64-bit word as a number, from its halves: a bigint for each would be most of the garbage of a report. The upper
 * half is read again, so that a carry in between cannot tear the value.
 */
export function wordAt(view: DataView, at: number): number {
  for (;;) {
    const high = view.getUint32(at + 4, true);
    const low = view.getUint32(at, true);
    if (high === view.getUint32(at + 4, true)) return high * 2 ** 32 + low;
  }
}

/** Writes what `wordAt` reads. */
export function setWord(view: DataView, at: number, value: number): void {
  view.setUint32(at, value % 2 ** 32, true);
  view.setUint32(at + 4, Math.floor(value / 2 ** 32), true);
}

/** What both have counted. */
export function sumOf(a: Histogram, b: Histogram): Histogram {
  return combine(a, b, 1);
}

/** What `now` has counted that `before` had not. */
export function differenceOf(now: Histogram, before: Histogram): Histogram {
  return combine(now, before, -1);
}

/** Goes through both in step. Counts that are not above zero are left out. */
function combine(a: Histogram, b: Histogram, sign: 1 | -1): Histogram {
  const result: number[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    const nextOfA = a[i] ?? BUCKETS;
    const nextOfB = b[j] ?? BUCKETS;
    const bucket = Math.min(nextOfA, nextOfB);
    let count = 0;
    if (nextOfA === bucket) {
      count += a[i + 1] as number;
      i += 2;
    }
    if (nextOfB === bucket) {
      count += sign * (b[j + 1] as number);
      j += 2;
    }
    if (count > 0) result.push(bucket, count);
  }
  return result;
}

/**
 * The value below or at which `fraction` of the counted values lie, as the middle of its bucket; undefined for
 * an empty histogram. `maximum` is the largest value known: nothing above it is reported.
 */
export function percentile(histogram: Histogram, fraction: number, maximum: number): number | undefined {
  let total = 0;
  for (let i = 1; i < histogram.length; i += 2) total += histogram[i] as number;
  if (total === 0) return undefined;
  const rank = Math.max(1, Math.ceil(fraction * total));
  let seen = 0;
  for (let i = 0; i < histogram.length; i += 2) {
    seen += histogram[i + 1] as number;
    if (seen < rank) continue;
    const { low, high } = boundsOf(histogram[i] as number);
    return Math.min((low + high) / 2, maximum);
  }
  return maximum;
}

/** The highest bucket that counted anything; undefined for an empty histogram. */
export function highestBucket(histogram: Histogram): number | undefined {
  return histogram.at(-2);
}
