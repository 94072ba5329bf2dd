/** What was counted per function, as a report. Pure. */
import { perSecond, rateText, wholeText } from "../../output/figures";
import type { Column, Report } from "../../output/report";
import { RELATIVE_ERROR } from "../../probes/log-histogram";
import type { Stats } from "../../probes/stats";
import { type Latencies, latenciesOf, latencyColumns } from "../latencies";
import type { SortOrder } from "../output-options";

/** What a table can be sorted by. Numbers begin with the largest, names with the first. */
export const sortColumns = ["count", "total", "avg", "p50", "p95", "p99", "max", "function"] as const;
export type SortColumn = (typeof sortColumns)[number];

export interface FunctionRow extends Latencies {
  readonly function: string;
  readonly count: number;
}

const SORT_KEYS: Readonly<Record<SortColumn, keyof FunctionRow>> = {
  count: "count",
  total: "totalNs",
  avg: "avgNs",
  p50: "p50Ns",
  p95: "p95Ns",
  p99: "p99Ns",
  max: "maxNs",
  function: "function",
};

/** The stretch of time a report is about. */
export type Span = Pick<Report<never>, "startedAt" | "endedAt" | "durationNs">;

/** Calls in that time that are not among those shown. */
export interface Unshown {
  /** Turned away by the filters. */
  readonly filtered: number;
  /** By reason. */
  readonly lost: Readonly<Record<string, number>>;
}

/** A sentence about calls that were filtered out, in a list; none where there were none. */
export function filteredSentences({ filtered }: Pick<Unshown, "filtered">): string[] {
  return filtered === 0 ? [] : [`Filtered out: ${filtered} call${filtered === 1 ? "" : "s"}.`];
}

export interface ReportOptions {
  readonly latency: boolean;
  readonly top: number;
  readonly sort: SortOrder<SortColumn>;
}

/** The row of a function; without times they are zero. */
export function functionRow(name: string, stats: Stats): FunctionRow {
  return { function: name, count: stats.count, ...latenciesOf(stats) };
}

/** The report of one stretch of time. Functions that were not called have no row. */
export function functionReport(
  all: readonly FunctionRow[],
  span: Span,
  unshown: Unshown,
  { latency, top, sort }: ReportOptions,
): Report<FunctionRow> {
  const rows = sorted(
    all.filter(({ count }) => count > 0),
    sort,
  );
  const shown = rows.slice(0, top);
  const calls = rows.reduce((sum, { count }) => sum + count, 0);
  const totalNs = rows.reduce((sum, row) => sum + row.totalNs, 0);
  return {
    ...span,
    columns: [name, number("count", "count"), ...(latency ? latencyColumns : [rate(span.durationNs)])],
    rows: shown,
    totals: {
      count: calls,
      filtered: unshown.filtered,
      functions: all.length,
      rows: rows.length,
      shownRows: shown.length,
      ...(latency ? { totalNs, relativeError: RELATIVE_ERROR } : {}),
    },
    footer: [
      `Total: ${calls} call${calls === 1 ? "" : "s"} of ${rows.length} of ${all.length} functions.`,
      ...filteredSentences(unshown),
      ...(latency ? [`p50, p95 and p99 are within 1/${1 / RELATIVE_ERROR} of the true value.`] : []),
    ],
    lost: unshown.lost,
  };
}

function sorted(rows: readonly FunctionRow[], { column, reversed }: SortOrder<SortColumn>): FunctionRow[] {
  const key = SORT_KEYS[column];
  const direction = reversed ? -1 : 1;
  const byName = (a: FunctionRow, b: FunctionRow) => (a.function < b.function ? -1 : 1);
  const compare = (a: FunctionRow, b: FunctionRow) =>
    key === "function" ? byName(a, b) : (b[key] as number) - (a[key] as number);
  return [...rows].sort((a, b) => direction * compare(a, b) || byName(a, b));
}

type Cells = Column<FunctionRow>;

const name: Cells = {
  title: "function",
  key: "function",
  shrink: "end",
  text: (row) => row.function,
  json: (row) => row.function,
};

function number(title: string, key: "count"): Cells {
  return { title, key, align: "right", text: (row) => wholeText(row[key]), json: (row) => row[key] };
}

function rate(durationNs: number): Cells {
  return {
    title: "rate",
    unit: "/s",
    key: "ratePerSecond",
    align: "right",
    text: ({ count }) => rateText(count, durationNs),
    json: ({ count }) => perSecond(count, durationNs),
  };
}
