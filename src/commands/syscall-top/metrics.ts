/** What was counted as Prometheus names it. Pure. */
import type { Stats } from "../../probes/stats";
import { lossMetric, type Metric, type MetricLabels } from "../metric";
import type { labelledStats } from "./rows";

/** What decides which metrics there are. */
export interface MetricOptions {
  readonly latency: boolean;
  readonly errors: boolean;
  /** Nothing but failed calls was counted. */
  readonly failuresOnly: boolean;
}

/** The metrics of all groups, with all that was lost since the beginning. */
export function syscallMetrics(
  groups: ReturnType<typeof labelledStats>,
  lost: Readonly<Record<string, number>>,
  { latency, errors, failuresOnly }: MetricOptions,
): Metric[] {
  const labelled = groups.map(({ labels, stats }) => ({ labels: textual(labels), stats }));
  const counter = (name: string, help: string, of: (stats: Stats) => number): Metric => ({
    name,
    help,
    kind: "counter",
    values: labelled.map(({ labels, stats }) => ({ labels, value: of(stats) })),
  });
  const failures = (of: (stats: Stats) => number) =>
    counter("bpfkit_syscall_failures_total", "system calls that returned an error", of);
  return [
    ...(failuresOnly
      ? [failures(({ count }) => count)]
      : [counter("bpfkit_syscall_calls_total", "system calls", ({ count }) => count)]),
    ...(errors && !failuresOnly ? [failures(({ failed }) => failed)] : []),
    ...(latency
      ? [
          {
            name: "bpfkit_syscall_duration_seconds",
            help: "how long system calls took",
            kind: "histogram" as const,
            values: labelled.map(({ labels, stats }) => ({ labels, ...stats })),
          },
        ]
      : []),
    lossMetric(lost),
  ];
}

/** A call's number says no more than its name does. */
function textual({ nr, ...labels }: ReturnType<typeof labelledStats>[number]["labels"]): MetricLabels {
  return Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, String(value)]));
}
