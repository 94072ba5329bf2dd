import { distributionReport } from "../../../../src/commands/trace-fn/distribution";
import { BUCKETS, bucketOf } from "../../../../src/probes/log-histogram";

const span = { startedAt: new Date(0), endedAt: new Date(1), durationNs: 1 };

/** Stats of these values; negative ones are counted alone. */
function statsOf(values: readonly number[]) {
  const buckets = values.filter((value) => value >= 0).map(bucketOf);
  const counted = [...new Set(buckets)].sort((a, b) => a - b);
  const histogram = counted.flatMap((bucket) => [bucket, buckets.filter((one) => one === bucket).length]);
  return { count: values.length, failed: 0, totalNs: 0, maxNs: 0, histogram };
}

const rows = (values: readonly number[]) =>
  distributionReport([{ name: "f", stats: statsOf(values) }], "ret", span, {
    filtered: 0,
    lost: {},
  }).rows.map(({ from, to, count }) => [from, to, count]);

test("a row for each power of two, with those in between", () =>
  expect(rows([1, 5, 6, 7, 16, 31])).toEqual([
    [1, 1, 1],
    [2, 3, 0],
    [4, 7, 3],
    [8, 15, 0],
    [16, 31, 2],
  ]));

test("zero has a row of its own", () =>
  expect(rows([0, 0, 2])).toEqual([
    [0, 0, 2],
    [1, 1, 0],
    [2, 3, 1],
  ]));

test("what is below zero is one row, the first", () => {
  expect(rows([-2, -100, 3])).toEqual([
    [null, -1, 2],
    [2, 3, 1],
  ]);
  expect(rows([-1])).toEqual([[null, -1, 1]]);
});

test("the highest row has no end", () => {
  expect(rows([2 ** 60]).map(([, to]) => to)).toEqual([null]);
  expect(bucketOf(2 ** 60)).toBe(BUCKETS - 1);
});

test("functions that were not called have no row", () => expect(rows([])).toEqual([]));
