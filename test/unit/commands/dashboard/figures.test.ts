import { rateText, scaled } from "../../../../src/commands/dashboard/report";
import { Series } from "../../../../src/commands/dashboard/series";
import { sparkline } from "../../../../src/output/sparkline";

describe("a series", () => {
  test("has total, count, rate, averages and extremes of each interval", () => {
    const series = new Series(2000, 1000);
    expect(series.add(100, 2000)).toEqual({
      total: 100,
      count: 100,
      rate: 100,
      avg: 100,
      ewma: 100,
      min: 100,
      max: 100,
    });
    expect(series.add(400, 3000)).toEqual({
      total: 400,
      count: 300,
      rate: 300,
      avg: 200,
      ewma: 200,
      min: 100,
      max: 300,
    });
    expect(series.add(400, 4000)).toEqual({
      total: 400,
      count: 0,
      rate: 0,
      avg: 150,
      ewma: 100,
      min: 0,
      max: 300,
    });
    expect(series.course).toEqual([100, 300, 0]);
  });
  test("may fall", () => {
    const series = new Series(10_000, 0);
    expect(series.add(-50, 1000)).toMatchObject({ count: -50, rate: -50, avg: -50, min: -50, max: -50 });
  });
  test("an interval that was cut short only adds to the total", () => {
    const series = new Series(10_000, 0);
    series.add(10, 1000);
    expect(series.add(1010, 1001, false)).toMatchObject({ total: 1010, count: 1000, rate: 10, max: 10 });
    expect(series.course).toEqual([10]);
  });
  test("does not grow for ever", () => {
    const series = new Series(10_000, 0);
    for (let at = 1; at <= 10_000; at++) series.add(at, at * 1000);
    expect(series.course).toHaveLength(600);
  });
});

test.each([
  [0, "0"],
  [0.123, "0.12"],
  [-45.67, "-45.7"],
  [9999, "9999"],
  [12_345, "12.3k"],
  [-999_400, "-999.4k"],
  [1_234_567, "1235k"],
  [98_765_432, "98.8M"],
  [12e12, "12000G"],
])("%d a second is %s", (rate, text) => expect(rateText(rate)).toBe(text));

test("a scaled number has no more than seven letters up to 10^13", () => {
  for (let value = 1; value < 1e13; value *= 3) expect(scaled(value).length).toBeLessThanOrEqual(7);
});

describe("a sparkline", () => {
  test.each([
    [[], ""],
    [[0, 0], "▁▁"],
    [[0, 50, 100], "▁▅█"],
    [[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], "▂▄▅▇█"],
    [[-5, 5], "▁█"],
  ])("of %j", (values, line) => expect(sparkline(values, 6, false)).toBe(line));
  test("without Unicode", () => expect(sparkline([0, 4, 8], 6, true)).toBe("_+#"));
});
