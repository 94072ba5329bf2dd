/** The little statistics that the benchmarks need. Pure. */

/** The value below which this part of the sample lies, interpolated between neighbours. */
export function quantile(sample: readonly number[], part: number): number {
  if (sample.length === 0) throw new RangeError("quantile: of an empty sample");
  const sorted = sample.toSorted((a, b) => a - b);
  const at = part * (sorted.length - 1);
  const below = sorted[Math.floor(at)] as number;
  const above = sorted[Math.ceil(at)] as number;
  return below + (above - below) * (at - Math.floor(at));
}

/** The middle of a sample, and the quartiles that half of it lies between. */
export interface Summary {
  readonly median: number;
  readonly lower: number;
  readonly upper: number;
}

export function summarize(sample: readonly number[]): Summary {
  return {
    median: quantile(sample, 0.5),
    lower: quantile(sample, 0.25),
    upper: quantile(sample, 0.75),
  };
}

export function mean(sample: readonly number[]): number {
  return sample.reduce((sum, each) => sum + each, 0) / sample.length;
}

/** The middle of a sample. */
export function median(sample: readonly number[]): number {
  return quantile(sample, 0.5);
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A line through points, and the standard error of its slope if the points scatter independently. */
export interface Line {
  readonly slope: number;
  readonly intercept: number;
  readonly slopeError: number;
}

/** The line of least squares. Needs three points that do not stand above one another. */
export function leastSquares(points: readonly Point[]): Line {
  const count = points.length;
  const meanX = mean(points.map(({ x }) => x));
  const meanY = mean(points.map(({ y }) => y));
  const spread = points.reduce((sum, { x }) => sum + (x - meanX) ** 2, 0);
  if (count < 3 || spread === 0) throw new RangeError(`least squares: ${count} points determine no line`);
  const slope = points.reduce((sum, { x, y }) => sum + (x - meanX) * (y - meanY), 0) / spread;
  const intercept = meanY - slope * meanX;
  const residual = points.reduce((sum, { x, y }) => sum + (y - intercept - slope * x) ** 2, 0);
  return { slope, intercept, slopeError: Math.sqrt(residual / (count - 2) / spread) };
}
