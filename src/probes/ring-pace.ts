/** When to look at a ring buffer again: each look costs, and a ring that nobody looks at fills. Pure. */

export interface PaceBounds {
  readonly soonestNs: number;
  readonly latestNs: number;
  /** How much of the ring, from 0 to 1, is to fill between two looks, if records keep coming as they do. */
  readonly fill: number;
}

export class RingPace {
  private pauseNs: number;

  constructor(private readonly bounds: PaceBounds) {
    this.pauseNs = bounds.soonestNs;
  }

  /** Nanoseconds to the next look. `filled` is how much of the ring, from 0 to 1, has filled since the last one. */
  next(filled: number): number {
    const { soonestNs, latestNs, fill } = this.bounds;
    this.pauseNs = Math.min(Math.max(soonestNs, (this.pauseNs * fill) / filled), latestNs);
    return this.pauseNs;
  }
}
