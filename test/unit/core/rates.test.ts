import fc from "fast-check";
import { counterRate, ewma, rate, rollingAverage } from "../../../src/core/rates";

/** What a meter says after each reading `[value, atMs]`. */
function figures(meter: { add(value: number, atMs: number): number }, readings: readonly [number, number][]) {
  return readings.map(([value, atMs]) => meter.add(value, atMs));
}

describe("counterRate", () => {
  test("is the growth of the window, by the time between its readings", () => {
    const readings: [number, number][] = [
      [100, 0],
      [200, 1000],
      [200, 2000],
      [500, 3000],
      [500, 10_000],
    ];
    expect(figures(counterRate(2000), readings)).toEqual([0, 100, 50, 150, 0]);
  });
  test("starts anew when the counter was reset", () =>
    expect(
      figures(counterRate(5000), [
        [900, 0],
        [10, 1000],
        [60, 2000],
      ]),
    ).toEqual([0, 0, 50]));
  test("of two readings at the same time says nothing", () =>
    expect(
      figures(counterRate(1000), [
        [1, 5],
        [9, 5],
      ]),
    ).toEqual([0, 0]));
  test("of a steady counter is its speed, whenever it is read", () =>
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 2, maxLength: 50 }), (gaps) => {
        const meter = counterRate(3000);
        let at = 0;
        const speeds = gaps.map((gap) => {
          at += gap;
          return meter.add(7 * at, at);
        });
        for (const speed of speeds.slice(1)) expect(speed).toBeCloseTo(7000, 6);
      }),
    ));
});

test("rate reads the counter when it is called, and takes a bigint too", () => {
  let value = 10n;
  let now = 0;
  const perSecond = rate({ get: () => value }, 1000, () => now);
  expect(perSecond()).toBe(0);
  value = 60n;
  now = 500;
  expect(perSecond()).toBe(100);
});

test("rollingAverage forgets what is older than its window", () =>
  expect(
    figures(rollingAverage(1000), [
      [4, 0],
      [8, 500],
      [0, 999],
      [2, 1000],
      [7, 9000],
    ]),
  ).toEqual([4, 6, 4, 10 / 3, 7]));

describe("ewma", () => {
  test("is half of the way there after its half-life, in one step or in many", () => {
    const one = ewma(1000);
    one.add(0, 0);
    expect(one.add(100, 1000)).toBeCloseTo(50);
    const many = ewma(1000);
    many.add(0, 0);
    for (let at = 10; at < 1000; at += 10) many.add(100, at);
    expect(many.add(100, 1000)).toBeCloseTo(50);
  });
  test("begins with the first value", () => expect(ewma(5).add(42, 1e9)).toBe(42));
});

test.each([counterRate, rollingAverage, ewma])("%p refuses a window that is none", (make) => {
  expect(() => make(0)).toThrow(RangeError);
  expect(() => make(Number.NaN)).toThrow("NaN ms is not above 0");
});
