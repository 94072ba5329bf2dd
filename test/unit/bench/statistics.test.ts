import { leastSquares, median, quantile, summarize } from "../../../bench/statistics";

describe("quantile", () => {
  test.each([
    ["the middle of an odd sample", [3, 1, 2], 0.5, 2],
    ["between the two middle ones of an even sample", [4, 1, 3, 2], 0.5, 2.5],
    ["the least", [5, 9, 7], 0, 5],
    ["the greatest", [5, 9, 7], 1, 9],
    ["between neighbours", [10, 20], 0.25, 12.5],
    ["of a single value", [42], 0.9, 42],
    ["by number, not by text", [10, 9, 100], 0.5, 10],
  ])("%s", (_name, sample, part, expected) => expect(quantile(sample, part)).toBe(expected));

  test("leaves the sample as it is", () => {
    const sample = [3, 1, 2];
    median(sample);
    expect(sample).toEqual([3, 1, 2]);
  });

  test("refuses an empty sample", () => expect(() => quantile([], 0.5)).toThrow("empty sample"));
});

test("summarize gives the median and the quartiles", () => {
  expect(summarize([1, 2, 3, 4, 5])).toEqual({ lower: 2, median: 3, upper: 4 });
});

describe("least squares", () => {
  const pointsOf = (values: readonly number[]) => values.map((y, x) => ({ x, y }));

  test("finds the line that points stand on, without error", () => {
    expect(leastSquares(pointsOf([5, 7, 9, 11]))).toEqual({ slope: 2, intercept: 5, slopeError: 0 });
  });

  test("gives the slope's standard error", () => {
    // Residuals of (0,1) (1,2) (2,2) (3,3): -0.1, 0.3, -0.3, 0.1; their squares sum up to 0.2.
    const { slope, intercept, slopeError } = leastSquares(pointsOf([1, 2, 2, 3]));
    expect(slope).toBeCloseTo(0.6, 12);
    expect(intercept).toBeCloseTo(1.1, 12);
    expect(slopeError).toBeCloseTo(Math.sqrt(0.2 / 2 / 5), 12);
  });

  test.each([
    [
      "two points",
      [
        { x: 0, y: 0 },
        { x: 1, y: 1 },
      ],
    ],
    [
      "points above one another",
      [
        { x: 1, y: 0 },
        { x: 1, y: 1 },
        { x: 1, y: 2 },
      ],
    ],
  ])("refuses %s", (_name, points) => expect(() => leastSquares(points)).toThrow("determine no line"));
});
