/** From rows to a report: which rows, in which order, with which totals. Pure. */
import { NS_PER } from "../../core/units";
import { percentText, perSecond } from "../../output/figures";
import type { Report } from "../../output/report";
import type { SortOrder } from "../output-options";
import { type ColumnOptions, columnsOf } from "./columns";
import { comparison, type SortColumn, sorted } from "./order";
import type { ExecRow } from "./rows";
import { treeRows } from "./tree";

/** What decides how a report looks. */
export interface ReportOptions extends ColumnOptions {
  readonly top: number;
  readonly sort: SortOrder<SortColumn>;
  /** What the number of evicted executions is worth; undefined where none are evicted. */
  readonly evicted: "exact" | "estimated" | undefined;
}

/** The stretch of time a report is about. */
export interface Span {
  readonly startedAt: Date;
  readonly endedAt: Date;
  readonly durationNs: number;
}

/** The report of one stretch of time. */
export function execReport(
  rows: readonly ExecRow[],
  span: Span,
  lost: Readonly<Record<string, number>>,
  options: ReportOptions,
): Report<ExecRow> {
  const sum = (of: readonly ExecRow[], key: keyof ExecRow) =>
    of.reduce((total, row) => total + (row[key] as number), 0);
  const ordered = options.tree ? treeRows(rows, comparison(options.sort)) : sorted(rows, options.sort);
  const shown: readonly ExecRow[] = ordered.slice(0, options.top);
  const count = sum(rows, "count");
  const costs = ["cpuNs", "userNs", "systemNs", "exits", "failed", "killed", "forks", "running"] as const;
  const totals = Object.fromEntries(costs.map((key) => [key, sum(rows, key)]));
  return {
    ...span,
    columns: columnsOf(options, count, span.durationNs),
    rows: shown,
    totals: {
      count,
      ratePerSecond: perSecond(count, span.durationNs),
      ...(options.tree ? {} : { shownCount: sum(shown, "count") }),
      rows: ordered.length,
      shownRows: shown.length,
      ...(options.cost ? totals : {}),
      ...(options.evicted === undefined ? {} : { evicted: options.evicted }),
    },
    footer: [
      options.tree
        ? `Total: ${count} executions; shown: ${shown.length} of ${ordered.length} processes.`
        : shownSentence(sum(shown, "count"), count, shown.length, rows.length),
      ...(options.cost ? [costSentence(rows, sum)] : []),
      ...(options.evicted === undefined ? [] : [EVICTED[options.evicted]]),
    ],
    lost,
  };
}

const EVICTED = {
  exact: "Evictions: exact.",
  estimated: "Evictions: an estimate that may be too low, until the programs are detached.",
} as const;

function shownSentence(shown: number, all: number, rows: number, allRows: number): string {
  if (rows === allRows) return `Total: ${all} executions.`;
  const share = all === 0 ? 0 : shown / all;
  return `Total: ${all} executions; shown: ${shown} (${percentText(share)} %) in ${rows} of ${allRows} rows.`;
}

function costSentence(
  rows: readonly ExecRow[],
  sum: (of: readonly ExecRow[], key: keyof ExecRow) => number,
): string {
  const seconds = (key: keyof ExecRow) => (sum(rows, key) / NS_PER.s).toFixed(3);
  const ends = `${sum(rows, "exits")} ended, ${sum(rows, "failed")} of them failed`;
  const cpu = `CPU ${seconds("cpuNs")} s (user ${seconds("userNs")}, system ${seconds("systemNs")})`;
  return `${cpu}; ${ends}, ${sum(rows, "killed")} killed; ${sum(rows, "running")} run on.`;
}
