/**
 * Figures as Prometheus has them: seconds and bytes, counters that end in `_total`, what a figure is about in labels.
 * https://prometheus.io/docs/practices/naming/ Pure.
 */
import { NS_PER } from "../core/units";
import type { Histogram } from "../probes/histogram";
import { boundsOf } from "../probes/log-histogram";

/** What a value is about. */
export type MetricLabels = Readonly<Record<string, string>>;

/** One figure, or one for each set of labels. A counter only grows while its labels are there. */
export type Metric = SimpleMetric | DurationMetric;

interface Named {
  readonly name: string;
  readonly help: string;
}

export interface SimpleMetric extends Named {
  readonly kind: "counter" | "gauge";
  readonly values: readonly { readonly labels?: MetricLabels; readonly value: number }[];
}

/** How long things took, in nanoseconds; it is shown in seconds. */
export interface DurationMetric extends Named {
  readonly kind: "histogram";
  readonly values: readonly {
    readonly labels: MetricLabels;
    readonly count: number;
    readonly totalNs: number;
    readonly histogram: Histogram;
  }[];
}

/** Powers of two whose nanoseconds are the bounds of buckets: 256 ns, then fourfold up to 69 s. */
const BOUNDS = Array.from({ length: 15 }, (_, i) => 8 + 2 * i);

/** How many durations were shorter than each bound, which is in seconds. The bounds are borders of the histogram's too. */
export function cumulative(histogram: Histogram): readonly (readonly [seconds: number, count: number])[] {
  let seen = 0;
  let at = 0;
  return BOUNDS.map((power) => {
    const bound = 2 ** power;
    for (; at < histogram.length && boundsOf(histogram[at] as number).low < bound; at += 2)
      seen += histogram[at + 1] as number;
    return [bound / NS_PER.s, seen];
  });
}

/** What was lost since the beginning, by reason: `mapFull` is `bpfkit_lost_events_total{reason="map_full"}`. */
export function lossMetric(lost: Readonly<Record<string, number>>): SimpleMetric {
  return {
    name: "bpfkit_lost_events_total",
    help: "events that were not counted",
    kind: "counter",
    values: Object.entries(lost).map(([reason, value]) => ({ labels: { reason: snakeCase(reason) }, value })),
  };
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
