/** How long calls took: the figures of a group, and the columns that show them, alike in every command. Pure. */
import { NS_PER } from "../core/units";
import type { Column } from "../output/report";
import { percentile } from "../probes/histogram";
import type { Stats } from "../probes/stats";

/** Durations of the calls of a group, in nanoseconds. */
export interface Latencies {
  readonly totalNs: number;
  readonly avgNs: number;
  readonly p50Ns: number;
  readonly p95Ns: number;
  readonly p99Ns: number;
  readonly maxNs: number;
}

/** Of stats without times all are zero. */
export function latenciesOf({ count, totalNs, maxNs, histogram }: Stats): Latencies {
  const at = (fraction: number) => percentile(histogram, fraction, maxNs) ?? 0;
  return {
    totalNs,
    avgNs: count === 0 ? 0 : Math.round(totalNs / count),
    p50Ns: at(0.5),
    p95Ns: at(0.95),
    p99Ns: at(0.99),
    maxNs,
  };
}

const DECIMALS = { ms: 3, us: 1 } as const;

function duration(title: string, unit: keyof typeof DECIMALS, key: keyof Latencies): Column<Latencies> {
  return {
    title,
    unit,
    key,
    align: "right",
    text: (row) => (row[key] / NS_PER[unit]).toFixed(DECIMALS[unit]),
    json: (row) => Math.round(row[key]),
  };
}

/** One unit for all that is about a single call, so that the columns can be compared with each other. */
export const latencyColumns: readonly Column<Latencies>[] = [
  duration("total", "ms", "totalNs"),
  duration("avg", "us", "avgNs"),
  duration("p50", "us", "p50Ns"),
  duration("p95", "us", "p95Ns"),
  duration("p99", "us", "p99Ns"),
  duration("max", "us", "maxNs"),
];
