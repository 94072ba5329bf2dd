/** Whether memory grows, from samples of it. Pure. */
import { leastSquares, type Point, quantile } from "./statistics";

/** Reports in 24 hours at -i 1. */
export const INTERVALS_PER_DAY = 86_400;

/** What the second half of the samples shows; the first half is where caches and the heap find their size. */
export interface Growth {
  readonly samples: number;
  /** Reports written in all. */
  readonly intervals: number;
  readonly lowestMb: number;
  readonly peakMb: number;
  /** Medians of the first and of the last third of the second half. */
  readonly earlierMb: number;
  readonly laterMb: number;
  /** The line through the second half, drawn out to a day's number of reports. */
  readonly perDayMb: number;
  /** As if the samples were independent of each other, which they are not quite. */
  readonly perDayErrorMb: number;
}

/** The growth that samples show: memory in MB (y) by the reports written until then (x). */
export function summarizeGrowth(points: readonly Point[]): Growth {
  const intervals = points.at(-1)?.x ?? 0;
  const half = points.filter(({ x }) => x >= intervals / 2);
  const { slope, slopeError } = leastSquares(half);
  const mb = half.map(({ y }) => y);
  const third = Math.ceil(mb.length / 3);
  return {
    samples: half.length,
    intervals,
    lowestMb: Math.min(...mb),
    peakMb: Math.max(...mb),
    earlierMb: quantile(mb.slice(0, third), 0.5),
    laterMb: quantile(mb.slice(-third), 0.5),
    perDayMb: slope * INTERVALS_PER_DAY,
    perDayErrorMb: slopeError * INTERVALS_PER_DAY,
  };
}

/** The figures in words, what was measured apart from what is extrapolated. */
export function describeGrowth(what: string, growth: Growth): string {
  const { samples, intervals, lowestMb, peakMb, earlierMb, laterMb, perDayMb, perDayErrorMb } = growth;
  const mb = (value: number) => value.toFixed(2);
  return [
    `${what}: ${intervals} intervals, ${samples} samples in their second half`,
    `  measured: ${mb(lowestMb)} to ${mb(peakMb)} MB; median of its first third ${mb(earlierMb)}, of its last ${mb(laterMb)}`,
    `  extrapolated, not measured: ${INTERVALS_PER_DAY} intervals (24 h at -i 1) along the line of least squares`,
    `  add ${mb(perDayMb)} ± ${mb(perDayErrorMb)} MB (an error as if the samples were independent)`,
    "",
  ].join("\n");
}
