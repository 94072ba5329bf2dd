/** What a tally counted since it was last read. Pure. */
import type { GroupKey } from "./group-key";
import { differenceOf, highestBucket } from "./histogram";
import { boundsOf } from "./log-histogram";
import type { Stats } from "./stats";
import type { TallyEntry } from "./tally";

/** A key as text, equal for equal keys. */
export function keyText(key: GroupKey): string {
  return `${key.cgroup}|${key.pid}|${key.tid}|${key.number}|${key.abi}|${key.errno}|${key.comm}`;
}

/** Remembers the last reading, one entry per key of the map, and so no more than the map holds. */
export class TallyDelta {
  private last = new Map<string, Stats>();

  /** The groups that counted something since the last call, with what they counted. */
  since(entries: readonly TallyEntry[]): TallyEntry[] {
    const now = new Map<string, Stats>();
    const changed: TallyEntry[] = [];
    for (const { key, stats } of entries) {
      const text = keyText(key);
      const before = this.last.get(text);
      const stoodStill = stats.count === before?.count;
      // What is new and the same is let go at once, while that costs nothing.
      now.set(text, stoodStill ? before : stats);
      if (!stoodStill) changed.push({ key, stats: subtract(stats, before) });
    }
    this.last = now;
    return changed;
  }

  /** The key is no longer in the map; if it comes back it begins at zero. */
  forget(key: GroupKey): void {
    this.last.delete(keyText(key));
  }
}

/** An evicted key that came back begins at zero again: then all of it is new. */
function subtract(now: Stats, before: Stats | undefined): Stats {
  if (before === undefined || now.count < before.count) return withHighest(now);
  const histogram = differenceOf(now.histogram, before.histogram);
  const isNewMaximum = now.maxNs > before.maxNs;
  const difference = {
    count: now.count - before.count,
    failed: now.failed - before.failed,
    totalNs: now.totalNs - before.totalNs,
    histogram,
  };
  if (isNewMaximum) return withHighest({ ...difference, maxNs: now.maxNs });
  // The kernel keeps the maximum since the start; that of an interval comes from its highest bucket.
  const highest = highestBucket(histogram);
  const maxNs = highest === undefined ? 0 : Math.min(boundsOf(highest).high, now.maxNs);
  return { ...difference, maxNs };
}

/** Two CPUs that raised the maximum at once may have kept the smaller one; the histogram knows better. */
function withHighest(stats: Stats): Stats {
  const highest = highestBucket(stats.histogram);
  if (highest === undefined) return stats;
  return { ...stats, maxNs: Math.max(stats.maxNs, boundsOf(highest).low) };
}
