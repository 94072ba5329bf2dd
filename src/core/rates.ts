/** From readings of a counter to how fast it grows. Times are milliseconds of any steady clock. Pure. */

/** Takes one reading after the other and tells the figure they come to. */
export interface Meter {
  /** Takes `value` as read at `atMs`, no earlier than the reading before, and returns the figure. */
  add(value: number, atMs: number): number;
}

interface Reading {
  readonly value: number;
  readonly atMs: number;
}

function checkWindow(name: string, ms: number): void {
  if (!(ms > 0)) throw new RangeError(`${name}: ${ms} ms is not above 0`);
}

/**
 * How much a value changed over the last `windowMs`, in units a second: from its readings, whatever time lies between
 * them. 0 until there are two of different times.
 */
export function slope(windowMs: number): Meter {
  checkWindow("slope", windowMs);
  const readings: Reading[] = [];
  return {
    add(value, atMs) {
      readings.push({ value, atMs });
      // The oldest kept reading is the last one that is not younger than the window.
      while (readings.length > 2 && (readings[1] as Reading).atMs <= atMs - windowMs) readings.shift();
      const [first = { value, atMs }] = readings;
      return atMs > first.atMs ? ((value - first.value) * 1000) / (atMs - first.atMs) : 0;
    },
  };
}

/** `slope` of a counter, which only grows: a reading lower than the one before is a reset, and starts anew. */
export function counterRate(windowMs: number): Meter {
  let growth = slope(windowMs);
  let last = 0;
  return {
    add(value, atMs) {
      if (value < last) growth = slope(windowMs);
      last = value;
      return growth.add(value, atMs);
    },
  };
}

/** What `rate` can ask: an entry of a map, for example. */
export interface Readable {
  get(): number | bigint;
}

/**
 * A function that reads the counter each time it is called and returns how fast it grew over the last `windowMs`, in
 * units a second.
 */
export function rate(counter: Readable, windowMs: number, nowMs = () => performance.now()): () => number {
  const meter = counterRate(windowMs);
  return () => meter.add(Number(counter.get()), nowMs());
}

/** The mean of the values of the last `windowMs`; the latest always counts. */
export function rollingAverage(windowMs: number): Meter {
  checkWindow("rolling average", windowMs);
  const readings: Reading[] = [];
  return {
    add(value, atMs) {
      readings.push({ value, atMs });
      while (readings.length > 1 && (readings[0] as Reading).atMs <= atMs - windowMs) readings.shift();
      return readings.reduce((sum, reading) => sum + reading.value, 0) / readings.length;
    },
  };
}

/**
 * The exponentially weighted moving average: after `halfLifeMs` a value weighs half. The first value is the first
 * average; times need not be regular.
 */
export function ewma(halfLifeMs: number): Meter {
  checkWindow("ewma", halfLifeMs);
  let last: Reading | undefined;
  return {
    add(value, atMs) {
      const kept = last === undefined ? 0 : 2 ** (-(atMs - last.atMs) / halfLifeMs);
      const average = last === undefined ? value : last.value * kept + value * (1 - kept);
      last = { value: average, atMs };
      return average;
    },
  };
}
