/** The counters as Prometheus names them. Pure. */
import { lossMetric, type Metric, type SimpleMetric } from "../metric";
import { type CounterName, counters, unclosed } from "./counters";

/**
 * A metric for each counter shown: `bpfkit_opens_total`, `bpfkit_read_bytes_total`, `bpfkit_unclosed_files`. `totals`
 * are what they have come to since the beginning.
 */
export function dashboardMetrics(
  shown: readonly string[],
  totals: ReadonlyMap<string, number>,
  missedRuns: number,
): Metric[] {
  const of = (name: string) => totals.get(name) ?? 0;
  const own = shown.filter((name) => name.includes(":"));
  const known = shown.filter((name) => name in counters) as CounterName[];
  return [
    ...known.map(
      (name): SimpleMetric => ({
        name: `bpfkit_${name.replaceAll("-", "_")}_total`,
        help: counters[name].help,
        kind: "counter",
        values: [{ value: of(name) }],
      }),
    ),
    ...(shown.includes(unclosed.name) ? [difference(of(unclosed.plus) - of(unclosed.minus))] : []),
    ...(own.length > 0 ? [ownCounters(own, of)] : []),
    lossMetric({ missedRuns }),
  ];
}

/** It may fall, so it is no counter. */
function difference(value: number): SimpleMetric {
  return { name: "bpfkit_unclosed_files", help: unclosed.help, kind: "gauge", values: [{ value }] };
}

/** With `--sum` a field may be negative, so these are gauges. */
function ownCounters(own: readonly string[], of: (name: string) => number): SimpleMetric {
  return {
    name: "bpfkit_tracepoint",
    help: "tracepoints of one's own: how often they were reached, or what a field adds up to",
    kind: "gauge",
    values: own.map((name) => ({ labels: { tracepoint: name.slice(2) }, value: of(name) })),
  };
}
