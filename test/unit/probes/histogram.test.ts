import fc from "fast-check";
import {
  differenceOf,
  type Histogram,
  highestBucket,
  percentile,
  readHistogram,
  sumOf,
  wordAt,
  writeHistogram,
} from "../../../src/probes/histogram";
import { BUCKETS, bucketOf, RELATIVE_ERROR } from "../../../src/probes/log-histogram";
import { histogramOf } from "./durations";

/** Counters as a map of the kernel's holds them: a word for each bucket. */
function counters(counts: Readonly<Record<number, bigint>>): DataView {
  const words = new BigUint64Array(BUCKETS);
  for (const [bucket, count] of Object.entries(counts)) words[Number(bucket)] = count;
  return new DataView(words.buffer);
}

describe("read", () => {
  test("keeps what has counted, the first and the last bucket too", () =>
    expect(readHistogram(counters({ 0: 5n, 7: 2n ** 40n, [BUCKETS - 1]: 1n }), 0)).toEqual([
      ...[0, 5],
      ...[7, 2 ** 40],
      ...[BUCKETS - 1, 1],
    ]));

  test("of nothing is nothing", () => expect(readHistogram(counters({}), 0)).toEqual([]));

  test("from anywhere in a batch", () => {
    const batch = new BigUint64Array(3 * BUCKETS).fill(9n);
    batch.fill(0n, BUCKETS, 2 * BUCKETS);
    batch[BUCKETS + 3] = 4n;
    expect(readHistogram(new DataView(batch.buffer), 8 * BUCKETS)).toEqual([3, 4]);
  });

  test("gives what was written, whatever stood there before", () => {
    const view = counters({ 1: 2n ** 64n - 1n });
    writeHistogram(view, 0, [5, 3, 6, 2 ** 33]);
    expect(readHistogram(view, 0)).toEqual([5, 3, 6, 2 ** 33]);
  });

  test("a word is read again when a carry comes in between", () => {
    // Before the carry 2^32 − 1, after it 2^32: neither is torn into 2^33 − 1 or 0.
    const reads: [number, number][] = [];
    const before = { 0: 0xffff_ffff, 4: 0 };
    const after = { 0: 0, 4: 1 };
    const live = {
      getUint32: (at: 0 | 4) => {
        reads.push([at, reads.length]);
        return (reads.length < 2 ? before : after)[at];
      },
    };
    expect(wordAt(live as unknown as DataView, 0)).toBe(2 ** 32);
    expect(reads.length).toBe(6);
  });
});

describe("sum and difference", () => {
  const values = fc.array(fc.integer({ min: 0, max: 2 ** 44 }), { maxLength: 40 });

  test("of two are as if all had been counted in one", () =>
    fc.assert(
      fc.property(values, values, (a, b) => {
        const both = histogramOf([...a, ...b]);
        expect(sumOf(histogramOf(a), histogramOf(b))).toEqual(both);
        expect(differenceOf(both, histogramOf(a))).toEqual(histogramOf(b));
      }),
    ));

  test("leave their operands alone", () => {
    const one: Histogram = Object.freeze([1, 1]);
    expect([sumOf(one, one), differenceOf(one, one), sumOf([], one)]).toEqual([[1, 2], [], [1, 1]]);
  });

  test("a bucket that shrank, because its key was evicted in between, has counted nothing", () =>
    expect(differenceOf([1, 1, 2, 9], [1, 5, 2, 2])).toEqual([2, 7]));
});

describe("percentile", () => {
  test("of nothing there is none", () => expect(percentile([], 0.5, 0)).toBeUndefined());

  test("is within the promised error of the value that sorting gives", () =>
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 2 ** 40 }), { minLength: 1, maxLength: 60 }),
        fc.constantFrom(0, 0.01, 0.5, 0.95, 0.99, 1),
        (values, fraction) => {
          const sorted = [...values].sort((a, b) => a - b);
          const exact = sorted[Math.max(1, Math.ceil(fraction * sorted.length)) - 1] as number;
          const found = percentile(histogramOf(values), fraction, sorted.at(-1) as number) as number;
          return Math.abs(found - exact) <= exact * RELATIVE_ERROR;
        },
      ),
    ));

  test.each([
    ["the only value, small", [5], 0.5, 5, 5],
    ["never above the maximum", [970], 0.99, 970, 970],
    ["half", [1, 1, 7, 7], 0.5, 7, 1],
    ["just above half", [1, 1, 7, 7], 0.51, 7, 7],
    ["all", [1, 2, 3], 1, 3, 3],
  ])("%s", (_name, values, fraction, maximum, expected) =>
    expect(percentile(histogramOf(values), fraction, maximum)).toBe(expected),
  );

  test("the highest bucket", () => {
    expect(highestBucket(histogramOf([]))).toBeUndefined();
    expect(highestBucket(histogramOf([0]))).toBe(0);
    expect(highestBucket(histogramOf([3, 1000, 7]))).toBe(bucketOf(1000));
  });
});
