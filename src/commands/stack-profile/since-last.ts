/** What has come since the last reading of counters that only grow. Pure. */
import type { StackKey, StackWeight } from "../../probes/stack-tally";

/** A pair of stacks and what was counted for it. */
export type Entry = readonly [StackKey, StackWeight];

/** Remembers each pair, no more than the maps hold. */
export class EntriesSince {
  private readonly counted = new Map<string, StackWeight>();

  /** The entries that counted something since the last call, with what they counted. */
  since(entries: readonly Entry[]): Entry[] {
    const changed: Entry[] = [];
    for (const [key, now] of entries) {
      const text = keyText(key);
      const { count, total } = this.counted.get(text) ?? { count: 0, total: 0 };
      if (count === now.count) continue;
      this.counted.set(text, now);
      changed.push([key, { count: now.count - count, total: now.total - total }]);
    }
    return changed;
  }
}

/** Remembers counters by their names. */
export class CountsSince {
  private readonly counts = new Map<string, number>();

  /** How much each has grown since the last call. */
  since<C extends object>(now: C): { -readonly [K in keyof C]: C[K] } {
    const grown = Object.entries(now as Readonly<Record<string, number>>).map(([name, count]) => {
      const before = this.counts.get(name) ?? 0;
      this.counts.set(name, Math.max(count, before));
      return [name, Math.max(0, count - before)];
    });
    return Object.fromEntries(grown);
  }
}

/** A key as text. Keys of one run have the same fields in the same order. */
export function keyText(key: StackKey): string {
  return Object.values(key).join("|");
}
