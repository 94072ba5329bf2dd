/** When to look at a ring buffer again: each look costs, and a ring that nobody looks at fills. Pure. */

/** How much of the ring is to fill between two looks, if records keep coming as they do. */
const FILLED = 1 / 8;

export interface PaceBounds {
  readonly soonestNs: number;
  readonly latestNs: number;
}

export class RingPace {
  private pauseNs: number;

  constructor(private readonly bounds: PaceBounds) {
    this.pauseNs = bounds.soonestNs;
  }

  /** Nanoseconds to the next look. `filled` is how much of the ring, from 0 to 1, has filled since the last one. */
  next(filled: number): number {
    const { soonestNs, latestNs } = this.bounds;
    this.pauseNs = Math.min(Math.max(soonestNs, (this.pauseNs * FILLED) / filled), latestNs);
    return this.pauseNs;
  }
}
