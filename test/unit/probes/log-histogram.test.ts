import fc from "fast-check";
import { exit, mov, r0, r1, r2, r3, r4 } from "../../../src/asm";
import { loadImm64 } from "../../../src/asm/memory";
import { BUCKETS, boundsOf, bucketIndex, bucketOf, RELATIVE_ERROR } from "../../../src/probes/log-histogram";
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
