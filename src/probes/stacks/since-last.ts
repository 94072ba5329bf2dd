/** What has come since the last reading of counters that only grow. Pure. */

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
