import { boundCells, verdictOf } from "../../../bench/bound";
import { isBusy } from "../../../bench/machine-facts";
import { describeGrowth, summarizeGrowth } from "../../../bench/memory-growth";
import { textTable } from "../../../bench/text-table";

describe("a bound", () => {
  const bound = { what: "counting / empty program", limit: 1.1, unit: "×" };
  test.each([
    ["below", 1.04, "holds"],
    ["on the limit", 1.1, "holds"],
    ["above", 1.1001, "BROKEN"],
    ["not measured", undefined, "not measured"],
    ["without a number", Number.NaN, "not measured"],
  ])("%s", (_name, measured, verdict) => expect(verdictOf({ ...bound, measured })).toBe(verdict));

  test("as cells", () => {
    expect(boundCells({ ...bound, measured: 1.044 })).toEqual([
      "counting / empty program",
      "1.04 ×",
      "≤ 1.10 ×",
      "holds",
    ]);
    expect(boundCells({ ...bound, unit: "MB", limit: 80, measured: undefined })).toEqual([
      "counting / empty program",
      "",
      "≤ 80.0 MB",
      "not measured",
    ]);
  });
});

test.each([
  [1, 2, false],
  [1.01, 2, true],
  [3, 8, false],
])("load %d on %d processors: busy is %s", (load, count, busy) => expect(isBusy(load, count)).toBe(busy));

describe("growth of memory", () => {
  test("is judged by the second half alone", () => {
    const points = Array.from({ length: 101 }, (_, i) => ({ x: i * 10, y: i < 50 ? i : 60 + (i % 2) }));
    const growth = summarizeGrowth(points);
    expect(growth.samples).toBe(51);
    expect(growth.intervals).toBe(1000);
    expect(growth.lowestMb).toBe(60);
    expect(growth.peakMb).toBe(61);
    expect(Math.abs(growth.perDayMb)).toBeLessThan(2 * growth.perDayErrorMb);
  });

  test("is drawn out to a day", () => {
    const growth = summarizeGrowth(Array.from({ length: 40 }, (_, i) => ({ x: i, y: 50 + i / 1000 })));
    expect(growth.perDayMb).toBeCloseTo(86.4, 6);
    expect(growth.laterMb).toBeGreaterThan(growth.earlierMb);
    expect(describeGrowth("live", growth)).toContain("extrapolated, not measured: 86400 intervals");
  });
});

test("a text table lines up its columns", () => {
  expect(
    textTable(
      ["attached", "ns"],
      [
        ["nothing", ""],
        ["empty program", "33.1"],
      ],
    ),
  ).toBe("attached         ns\n-------------------\nnothing\nempty program  33.1\n");
});
