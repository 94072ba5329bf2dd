/** From rows to a report: which columns, in which order, with which totals. Pure. */
import { percentText, perSecond, rateText, wholeText } from "../../output/figures";
import type { Column, Report } from "../../output/report";
import type { Dimension } from "../../probes/group-key";
import { RELATIVE_ERROR } from "../../probes/log-histogram";
import { latencyColumns } from "../latencies";
import type { SortOrder } from "../output-options";
import type { SyscallRow } from "./rows";

/** What a table can be sorted by. Numbers begin with the largest, names with the first. */
export const sortColumns = [
  "count",
  "failed",
  "total",
  "avg",
  "p50",
  "p95",
  "p99",
  "max",
  "nr",
  "syscall",
  "pid",
  "tid",
  "comm",
  "cgroup",
  "container",
  "errno",
] as const;
export type SortColumn = (typeof sortColumns)[number];

const SORT_KEYS: Readonly<Record<SortColumn, keyof SyscallRow>> = {
  count: "count",
  failed: "failed",
  total: "totalNs",
  avg: "avgNs",
  p50: "p50Ns",
  p95: "p95Ns",
  p99: "p99Ns",
  max: "maxNs",
  nr: "nr",
  syscall: "syscall",
  pid: "pid",
  tid: "tid",
  comm: "comm",
  cgroup: "cgroup",
  container: "container",
  errno: "errno",
};

/** What decides how a report looks. */
export interface ReportOptions {
  readonly by: readonly Dimension[];
  readonly latency: boolean;
  readonly errors: boolean;
  readonly failuresOnly: boolean;
  readonly top: number;
  readonly sort: SortOrder<SortColumn>;
  readonly chart: boolean;
}

/** The stretch of time a report is about. */
export interface Span {
  readonly startedAt: Date;
  readonly endedAt: Date;
  readonly durationNs: number;
}

/** The sort columns that a report with these options has. */
export function availableColumns(options: Pick<ReportOptions, "by" | "latency" | "errors">): SortColumn[] {
  const labels = options.by.flatMap((dimension) => LABELS[dimension].map(({ key }) => key as SortColumn));
  const times: SortColumn[] = options.latency ? ["total", "avg", "p50", "p95", "p99", "max"] : [];
  return ["count", ...(options.errors ? ["failed" as const] : []), ...times, ...labels];
}

/** Rows in the order asked for; equal ones by their labels, so that the order is always the same. */
export function sorted(
  rows: readonly SyscallRow[],
  { column, reversed }: SortOrder<SortColumn>,
): SyscallRow[] {
  const key = SORT_KEYS[column];
  const direction = reversed ? -1 : 1;
  return [...rows].sort((a, b) => direction * compare(a[key], b[key]) || compare(labelText(a), labelText(b)));
}

function compare(a: string | number | undefined, b: string | number | undefined): number {
  if (typeof a === "number" && typeof b === "number") return b - a;
  return String(a) < String(b) ? -1 : String(a) > String(b) ? 1 : 0;
}

function labelText(row: SyscallRow): string {
  return [row.syscall, row.comm, row.pid, row.tid, row.cgroup, row.container, row.errno].join(" ");
}

/** The report of one stretch of time. */
export function syscallReport(
  rows: readonly SyscallRow[],
  span: Span,
  lost: Readonly<Record<string, number>>,
  options: ReportOptions,
): Report<SyscallRow> {
  const calls = rows.reduce((sum, row) => sum + row.count, 0);
  const shown = sorted(rows, options.sort).slice(0, options.top);
  const shownCalls = shown.reduce((sum, row) => sum + row.count, 0);
  const failed = rows.reduce((sum, row) => sum + row.failed, 0);
  const totalNs = rows.reduce((sum, row) => sum + row.totalNs, 0);
  const { latency, errors, failuresOnly } = options;
  return {
    ...span,
    columns: columnsOf(options, calls, span.durationNs),
    rows: shown,
    totals: {
      count: calls,
      ratePerSecond: perSecond(calls, span.durationNs),
      shownCount: shownCalls,
      rows: rows.length,
      shownRows: shown.length,
      ...(errors ? { failed } : {}),
      ...(latency ? { totalNs, relativeError: RELATIVE_ERROR } : {}),
    },
    footer: [
      shownSentence(shownCalls, calls, shown.length, rows.length, failuresOnly),
      ...(latency ? [`p50, p95 and p99 are within 1/${1 / RELATIVE_ERROR} of the true value.`] : []),
    ],
    lost,
    ...(options.chart ? { chart: (row: SyscallRow) => chartValue(row, options) } : {}),
  };
}

function shownSentence(
  shown: number,
  all: number,
  rows: number,
  allRows: number,
  failuresOnly: boolean,
): string {
  const what = failuresOnly ? "failed calls" : "calls";
  if (rows === allRows) return `Total: ${all} ${what}.`;
  const share = all === 0 ? 0 : shown / all;
  return `Total: ${all} ${what}; shown: ${shown} (${percentText(share)} %) in ${rows} of ${allRows} rows.`;
}

function chartValue(row: SyscallRow, { latency }: ReportOptions): number {
  return latency ? row.totalNs : row.count;
}

type Cells = Column<SyscallRow>;

function number(title: string, key: keyof SyscallRow & string): Cells {
  const value = (row: SyscallRow) => row[key] as number;
  return { title, key, align: "right", text: (row) => wholeText(value(row)), json: value };
}

function text(title: string, key: keyof SyscallRow & string, shrink?: "start" | "end"): Cells {
  const value = (row: SyscallRow) => row[key] as string;
  return { title, key, text: value, json: value, ...(shrink === undefined ? {} : { shrink }) };
}

const pid = number("pid", "pid");
const comm = text("comm", "comm");

const LABELS: Readonly<Record<Dimension, readonly Cells[]>> = {
  syscall: [number("nr", "nr"), text("syscall", "syscall")],
  process: [pid, comm],
  thread: [pid, number("tid", "tid"), comm],
  comm: [comm],
  cgroup: [text("cgroup", "cgroup", "start")],
  container: [text("container", "container", "end")],
  errno: [text("errno", "errno")],
};

function columnsOf({ by, latency, errors }: ReportOptions, calls: number, durationNs: number): Cells[] {
  const share = (row: SyscallRow) => (calls === 0 ? 0 : row.count / calls);
  const labels = new Map(by.flatMap((dimension) => LABELS[dimension]).map((column) => [column.key, column]));
  return [
    ...labels.values(),
    number("count", "count"),
    ...(errors ? [number("failed", "failed")] : []),
    ...(latency
      ? latencyColumns
      : [
          {
            title: "share",
            unit: "%",
            key: "share",
            align: "right" as const,
            text: (row: SyscallRow) => percentText(share(row)),
            json: (row: SyscallRow) => Math.round(share(row) * 1e6) / 1e6,
          },
          {
            title: "rate",
            unit: "/s",
            key: "ratePerSecond",
            align: "right" as const,
            text: (row: SyscallRow) => rateText(row.count, durationNs),
            json: (row: SyscallRow) => perSecond(row.count, durationNs),
          },
        ]),
  ];
}
