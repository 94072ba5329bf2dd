/** The counters as Prometheus names them. Pure. */
import type { Metric } from "../prometheus";
import { type CounterName, counters, unclosed } from "./counters";

/** What each counter has come to since the beginning, by name. */
type Totals = () => ReadonlyMap<string, number>;

/** A metric for each counter shown: `bpfkit_opens_total`, `bpfkit_read_bytes_total`, `bpfkit_unclosed_files`. */
export function dashboardMetrics(shown: readonly string[], totals: Totals, missed: () => number): Metric[] {
  const own = shown.filter((name) => name.includes(":"));
  const known = shown.filter((name) => name in counters) as CounterName[];
  return [
    ...known.map(
      (name): Metric => ({
        name: `bpfkit_${name.replaceAll("-", "_")}_total`,
        help: counters[name].help,
        kind: "counter",
        values: () => [{ value: totals().get(name) ?? 0 }],
      }),
    ),
    ...(shown.includes(unclosed.name) ? [difference(totals)] : []),
    ...(own.length > 0 ? [tracepoints(own, totals)] : []),
    {
      name: "bpfkit_missed_runs_total",
      help: "events that programs missed",
      kind: "counter",
      values: () => [{ value: missed() }],
    },
  ];
}

/** It may fall, so it is no counter. */
function difference(totals: Totals): Metric {
  const of = (name: string) => totals().get(name) ?? 0;
  return {
    name: "bpfkit_unclosed_files",
    help: unclosed.help,
    kind: "gauge",
    values: () => [{ value: of(unclosed.plus) - of(unclosed.minus) }],
  };
}

/** With `--sum` a field may be negative, so these are gauges. */
function tracepoints(own: readonly string[], totals: Totals): Metric {
  return {
    name: "bpfkit_tracepoint",
    help: "tracepoints of one's own: how often they were reached, or what a field adds up to",
    kind: "gauge",
    values: () =>
      own.map((name) => ({ labels: { tracepoint: name.slice(2) }, value: totals().get(name) ?? 0 })),
  };
}
