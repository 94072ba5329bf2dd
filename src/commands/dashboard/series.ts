/** What is known of one counter over time: total, rates, averages, and the course of the last minutes. Pure. */
import { ewma, type Meter, slope } from "../../core/rates";
import type { Figures } from "./alert-state";

/** Readings kept for the sparkline. */
export const COURSE = 600;

/** A counter's figures at the end of an interval. Rates are units a second. */
export interface Reading extends Figures {
  /** What the interval added. */
  readonly count: number;
  readonly min: number;
  readonly max: number;
}

const NOTHING: Reading = { total: 0, count: 0, rate: 0, avg: 0, ewma: 0, min: 0, max: 0 };

export class Series {
  /** The rates of the last intervals, the oldest first. */
  readonly course: number[] = [];
  private readonly average: Meter;
  private readonly smooth: Meter;
  private reading = NOTHING;
  private atMs: number;

  /** A rate of half a window ago weighs half in the `ewma`. */
  constructor(windowMs: number, startMs: number) {
    this.average = slope(windowMs);
    this.average.add(0, startMs);
    this.smooth = ewma(windowMs / 2);
    this.atMs = startMs;
  }

  get latest(): Reading {
    return this.reading;
  }

  /**
   * Takes what has been counted since the beginning. An interval that was cut short tells too little for a rate: it
   * only adds to the total.
   */
  add(total: number, atMs: number, isWhole = true): Reading {
    const before = this.reading;
    const elapsed = atMs - this.atMs;
    const count = total - before.total;
    if (!isWhole && this.course.length > 0) {
      this.reading = { ...before, total, count };
      return this.reading;
    }
    const rate = elapsed > 0 ? (count * 1000) / elapsed : 0;
    const isFirst = this.course.length === 0;
    this.course.push(rate);
    if (this.course.length > COURSE) this.course.shift();
    this.atMs = atMs;
    this.reading = {
      total,
      count,
      rate,
      avg: this.average.add(total, atMs),
      ewma: this.smooth.add(rate, atMs),
      min: isFirst ? rate : Math.min(before.min, rate),
      max: isFirst ? rate : Math.max(before.max, rate),
    };
    return this.reading;
  }
}
