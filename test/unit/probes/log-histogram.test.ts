import fc from "fast-check";
import { exit, mov, r0, r1, r2, r3, r4 } from "../../../src/asm";
import { loadImm64 } from "../../../src/asm/memory";
import {
  BUCKETS,
  boundsOf,
  bucketIndex,
  bucketOf,
  highestBucket,
  percentile,
  RELATIVE_ERROR,
} from "../../../src/probes/log-histogram";
import { runModel } from "../../model/bpf-model";

/** What shares the last bucket. */
const TOP = 2 ** 44;
const duration = fc.oneof(
  fc.integer({ min: 0, max: 4096 }),
  fc
    .integer({ min: 0, max: 43 })
    .chain((bit) => fc.integer({ min: 2 ** bit - (bit > 0 ? 1 : 0), max: 2 ** (bit + 1) })),
  fc.maxSafeInteger().map(Math.abs),
);

/** The bucket as the BPF program finds it. */
function inProgram(value: number | bigint): number {
  const program = [loadImm64(r1, BigInt(value)), bucketIndex(r2, r1, [r3, r4]), mov(r0, r2), exit()];
  return Number(runModel(program));
}

test("the buckets follow each other without a gap, from 0 on", () => {
  let next = 0;
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    const { low, high } = boundsOf(bucket);
    expect(low).toBe(next);
    expect(high).toBeGreaterThanOrEqual(low);
    next = high + 1;
  }
  expect(next).toBe(TOP);
});

test("a value lies in its bucket, and its bucket's middle is as near as promised", () =>
  fc.assert(
    fc.property(duration, (value) => {
      const { low, high } = boundsOf(bucketOf(value));
      if (value >= TOP) return bucketOf(value) === BUCKETS - 1;
      const middle = (low + high) / 2;
      return low <= value && value <= high && Math.abs(middle - value) <= value * RELATIVE_ERROR;
    }),
    { numRuns: 2000 },
  ));

describe("the program finds the same bucket", () => {
  test("at both ends of every bucket", () => {
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      const { low, high } = boundsOf(bucket);
      expect([inProgram(low), inProgram(high)]).toEqual([bucket, bucket]);
    }
  });
  test("for any duration", () =>
    fc.assert(
      fc.property(duration, (value) => inProgram(value) === bucketOf(value)),
      { numRuns: 300 },
    ));
  test.each([2n ** 44n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n])("the last one for %s", (value) =>
    expect(inProgram(value)).toBe(BUCKETS - 1),
  );
});

describe("percentile", () => {
  function histogram(values: readonly number[]): Float64Array {
    const counts = new Float64Array(BUCKETS);
    for (const value of values) counts[bucketOf(value)]! += 1;
    return counts;
  }

  test("of nothing there is none", () =>
    expect(percentile(new Float64Array(BUCKETS), 0.5, 0)).toBeUndefined());

  test("is within the promised error of the value that sorting gives", () =>
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 2 ** 40 }), { minLength: 1, maxLength: 60 }),
        fc.constantFrom(0, 0.01, 0.5, 0.95, 0.99, 1),
        (values, fraction) => {
          const sorted = [...values].sort((a, b) => a - b);
          const exact = sorted[Math.max(1, Math.ceil(fraction * sorted.length)) - 1] as number;
          const found = percentile(histogram(values), fraction, sorted.at(-1) as number) as number;
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
    expect(percentile(histogram(values), fraction, maximum)).toBe(expected),
  );

  test("the highest bucket", () => {
    expect(highestBucket(histogram([]))).toBeUndefined();
    expect(highestBucket(histogram([0]))).toBe(0);
    expect(highestBucket(histogram([3, 1000, 7]))).toBe(bucketOf(1000));
  });
});
