/** The counters as Prometheus names them. Pure. */
import { lossMetric, type Metric, type SimpleMetric } from "../metric";
import { type CounterName, counters, unclosed } from "./counters";

/**
 * A metric for each counter shown: `bpfkit_opens_total`, `bpfkit_read_bytes_total`, `bpfkit_unclosed_files`. `totals`
 * are what they have come to since the beginning, those of the user's own by `sum` if that is given.
 */
export function dashboardMetrics(
  shown: readonly string[],
  totals: ReadonlyMap<string, number>,
  missedRuns: number,
  sum?: string,
): Metric[] {
  const of = (name: string) => totals.get(name) ?? 0;
  const known = shown.filter((name) => Object.hasOwn(counters, name)) as CounterName[];
  const own = shown.filter((name) => !Object.hasOwn(counters, name) && name !== unclosed.name);
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
    ...(own.length > 0 ? [ownMetric(own, of, sum)] : []),
    lossMetric({ missedRuns }),
  ];
}

/** It may fall, so it is no counter. */
function difference(value: number): SimpleMetric {
  return { name: "bpfkit_unclosed_files", help: unclosed.help, kind: "gauge", values: [{ value }] };
}

/** What is added up may be negative, so a sum is a gauge. */
function ownMetric(
  own: readonly string[],
  of: (name: string) => number,
  sum: string | undefined,
): SimpleMetric {
  const values = own.map((target) => ({
    labels: { target, ...(sum === undefined ? {} : { field: sum }) },
    value: of(target),
  }));
  return sum === undefined
    ? { name: "bpfkit_target_events_total", help: "how often a target was reached", kind: "counter", values }
    : { name: "bpfkit_target_sum", help: "what a field or argument adds up to", kind: "gauge", values };
}
