/** From rows to a report: which columns, in which order, with which totals. Pure. */
import { NS_PER } from "../../core/units";
import { percentText, perSecond, rateText, wholeText } from "../../output/figures";
import type { Column, Json, Report } from "../../output/report";
import type { ExecDimension } from "../../probes/exec-key";
import type { SortOrder } from "../output-options";
import { commandLineText } from "./command-line-text";
import type { ExecRow } from "./rows";
import { type TreeRow, treeRows } from "./tree";

const SORT_KEYS = {
  count: "count",
  cpu: "cpuNs",
  user: "userNs",
  system: "systemNs",
  voluntary: "voluntarySwitches",
  involuntary: "involuntarySwitches",
  wait: "runQueueNs",
  rss: "maxRssBytes",
  read: "readBytes",
  written: "writtenBytes",
  minor: "minorFaults",
  major: "majorFaults",
  forks: "forks",
  exits: "exits",
  failed: "failed",
  killed: "killed",
  running: "running",
  wall: "wallNs",
  pid: "pid",
  comm: "comm",
  exe: "exe",
  args: "args",
  parent: "parent",
  uid: "uid",
  cgroup: "cgroup",
  container: "container",
} as const satisfies Readonly<Record<string, keyof ExecRow>>;

/** What a table can be sorted by. Numbers begin with the largest, names with the first. */
export type SortColumn = keyof typeof SORT_KEYS;
export const sortColumns = Object.keys(SORT_KEYS) as readonly SortColumn[];

const COSTS = sortColumns.slice(1, sortColumns.indexOf("pid"));

/** What decides how a report looks. */
export interface ReportOptions {
  readonly by: readonly ExecDimension[];
  readonly cost: boolean;
  readonly top: number;
  readonly sort: SortOrder<SortColumn>;
  /** Costs rolled up, parents before their children. */
  readonly tree: boolean;
  /** All columns, for programs; else those that fit into a table. */
  readonly whole: boolean;
}

/** The stretch of time a report is about. */
export interface Span {
  readonly startedAt: Date;
  readonly endedAt: Date;
  readonly durationNs: number;
}

/** The sort columns that a report with these options has. */
export function availableColumns({ by, cost }: Pick<ReportOptions, "by" | "cost">): SortColumn[] {
  const labels = by.flatMap((dimension) => LABELS[dimension].map(({ key }) => key as SortColumn));
  return ["count", ...(cost ? COSTS : []), ...new Set(labels.filter((key) => sortColumns.includes(key)))];
}

/** Rows in the order asked for; equal ones by their labels, so that the order is always the same. */
export function sorted(rows: readonly ExecRow[], order: SortOrder<SortColumn>): ExecRow[] {
  return [...rows].sort(comparison(order));
}

/** Which of two rows comes first. */
export function comparison({ column, reversed }: SortOrder<SortColumn>): (a: ExecRow, b: ExecRow) => number {
  const key = SORT_KEYS[column];
  const direction = reversed ? -1 : 1;
  return (a, b) => direction * compare(a[key], b[key]) || compare(labelText(a), labelText(b));
}

function compare(a: unknown, b: unknown): number {
  if (typeof a === "number" && typeof b === "number") return b - a;
  return String(a) < String(b) ? -1 : String(a) > String(b) ? 1 : 0;
}

function labelText({ comm, parent, exe, args, pid, user, cgroup, container }: ExecRow): string {
  return [comm, parent, exe, args?.join(" "), pid, user, cgroup, container].join(" ");
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
    },
    footer: [
      options.tree
        ? `Total: ${count} executions; shown: ${shown.length} of ${ordered.length} processes.`
        : shownSentence(sum(shown, "count"), count, shown.length, rows.length),
      ...(options.cost ? [costSentence(rows, sum)] : []),
    ],
    lost,
  };
}

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

type Cells = Column<ExecRow>;

function number(title: string, key: keyof ExecRow & string): Cells {
  const value = (row: ExecRow) => row[key] as number;
  return { title, key, align: "right", text: (row) => wholeText(value(row)), json: value };
}

function text(title: string, key: keyof ExecRow & string, shrink?: "start" | "end"): Cells {
  const value = (row: ExecRow) => row[key] as string;
  return { title, key, text: value, json: value, ...(shrink === undefined ? {} : { shrink }) };
}

function duration(title: string, unit: "ms" | "s", key: keyof ExecRow & string): Cells {
  const value = (row: ExecRow) => row[key] as number;
  const decimals = unit === "ms" ? 1 : 2;
  return {
    title,
    unit,
    key,
    align: "right",
    text: (row) => (value(row) / NS_PER[unit]).toFixed(decimals),
    json: (row) => Math.round(value(row)),
  };
}

const MEBI = 1024 * 1024;

function mebibytes(title: string, key: keyof ExecRow & string): Cells {
  const value = (row: ExecRow) => row[key] as number;
  return {
    title,
    unit: "MiB",
    key,
    align: "right",
    text: (row) => (value(row) / MEBI).toFixed(1),
    json: value,
  };
}

const comm = text("name", "comm");
const args: Cells = {
  title: "args",
  key: "args",
  shrink: "end",
  text: (row) => commandLineText(row.args ?? [], row.argsCut),
  json: (row) => row.args as Json,
};
const argsCut: Cells = {
  title: "cut",
  key: "argsCut",
  text: (row) => (row.argsCut ? "yes" : ""),
  json: (row) => row.argsCut ?? false,
};

const LABELS: Readonly<Record<ExecDimension, readonly Cells[]>> = {
  pid: [number("pid", "pid"), comm],
  ppid: [number("ppid", "ppid")],
  comm: [comm],
  exe: [text("exe", "exe", "start")],
  args: [args],
  parent: [text("parent", "parent")],
  uid: [number("uid", "uid"), text("user", "user")],
  cgroup: [text("cgroup", "cgroup", "start")],
  container: [text("container", "container", "end")],
};

function columnsOf(options: ReportOptions, total: number, durationNs: number): Cells[] {
  const { by, cost, whole } = options;
  if (options.tree) return treeColumns(whole);
  const labels = new Map(by.flatMap((dimension) => LABELS[dimension]).map((column) => [column.key, column]));
  const share = (row: ExecRow) => (total === 0 ? 0 : row.count / total);
  const rates: Cells[] = [
    {
      title: "share",
      unit: "%",
      key: "share",
      align: "right",
      text: (row) => percentText(share(row)),
      json: (row) => Math.round(share(row) * 1e6) / 1e6,
    },
    {
      title: "rate",
      unit: "/s",
      key: "ratePerSecond",
      align: "right",
      text: (row) => rateText(row.count, durationNs),
      json: (row) => perSecond(row.count, durationNs),
    },
  ];
  return [
    ...labels.values(),
    ...(whole && by.includes("args") ? [argsCut] : []),
    number("count", "count"),
    ...(cost ? (whole ? allCosts : tableCosts) : rates),
  ];
}

const depthOf = (row: ExecRow) => (row as TreeRow).depth;

/** What gives way to the indentation. */
const TOO_WIDE: ReadonlySet<string> = new Set([
  "voluntarySwitches",
  "involuntarySwitches",
  "systemNs",
  "runQueueNs",
]);

function treeColumns(whole: boolean): Cells[] {
  const name: Cells = {
    title: "name",
    key: "comm",
    shrink: "end",
    text: (row) => `${" ".repeat(depthOf(row))}${row.comm}`,
    json: ({ comm }) => comm ?? "",
  };
  const self = duration("self", "ms", "selfCpuNs" as keyof ExecRow);
  const depth: Cells = {
    title: "depth",
    key: "depth",
    text: (row) => wholeText(depthOf(row)),
    json: depthOf,
  };
  const labels = [number("pid", "pid"), ...(whole ? [number("ppid", "ppid"), depth] : []), name];
  const [cpu, ...others] = whole ? allCosts : tableCosts;
  const shown = whole ? others : others.filter(({ key }) => !TOO_WIDE.has(key));
  return [...labels, number("count", "count"), cpu as Cells, self, ...shown];
}

const ended: Cells = {
  title: "bad",
  key: "bad",
  align: "right",
  text: ({ failed, killed }) => wholeText(failed + killed),
  json: ({ failed, killed }) => failed + killed,
};

const tableCosts: readonly Cells[] = [
  duration("cpu", "ms", "cpuNs"),
  duration("sys", "ms", "systemNs"),
  duration("wait", "ms", "runQueueNs"),
  number("vol", "voluntarySwitches"),
  number("invol", "involuntarySwitches"),
  mebibytes("rss", "maxRssBytes"),
  ended,
  duration("wall", "s", "wallNs"),
];

const allCosts: readonly Cells[] = [
  duration("cpu", "ms", "cpuNs"),
  duration("user", "ms", "userNs"),
  duration("sys", "ms", "systemNs"),
  duration("wait", "ms", "runQueueNs"),
  number("vol", "voluntarySwitches"),
  number("invol", "involuntarySwitches"),
  mebibytes("rss", "maxRssBytes"),
  mebibytes("read", "readBytes"),
  mebibytes("written", "writtenBytes"),
  number("minor", "minorFaults"),
  number("major", "majorFaults"),
  number("forks", "forks"),
  number("exits", "exits"),
  number("failed", "failed"),
  number("killed", "killed"),
  {
    title: "signals",
    key: "signals",
    text: ({ signals }) => JSON.stringify(signals),
    json: ({ signals }) => signals,
  },
  number("running", "running"),
  duration("wall", "s", "wallNs"),
];
