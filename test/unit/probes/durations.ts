/** Durations as the kernel would have counted them. */
import type { Histogram } from "../../../src/probes/histogram";
import { bucketOf } from "../../../src/probes/log-histogram";
import type { Stats } from "../../../src/probes/stats";

/** Their histogram. */
export function histogramOf(durations: readonly number[]): Histogram {
  const counts = new Map<number, number>();
  for (const ns of durations) counts.set(bucketOf(ns), (counts.get(bucketOf(ns)) ?? 0) + 1);
  return [...counts].sort(([a], [b]) => a - b).flat();
}

/** Stats of events that took so long. */
export function took(...ns: readonly number[]): Stats {
  return {
    count: ns.length,
    failed: 0,
    totalNs: ns.reduce((sum, each) => sum + each, 0),
    maxNs: Math.max(0, ...ns),
    histogram: histogramOf(ns),
  };
}
