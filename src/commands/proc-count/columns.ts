/** The columns of a table of executions, and of the documents that programs read. Pure. */
import { NS_PER } from "../../core/units";
import { percentText, perSecond, rateText, wholeText } from "../../output/figures";
import type { Column, Json } from "../../output/report";
import type { ExecDimension } from "../../probes/exec-key";
import { commandLineText } from "./command-line-text";
import type { ExecRow } from "./rows";
import type { TreeRow } from "./tree";

export type Cells = Column<ExecRow>;

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

/** What a row is about, by what one can group by. */
export const LABELS: Readonly<Record<ExecDimension, readonly Cells[]>> = {
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

/** What decides which columns there are. */
export interface ColumnOptions {
  readonly by: readonly ExecDimension[];
  readonly cost: boolean;
  /** Costs rolled up, parents before their children. */
  readonly tree: boolean;
  /** All columns, for programs; else those that fit into a table. */
  readonly whole: boolean;
}

/** The columns of a report whose executions add up to `total`. */
export function columnsOf(options: ColumnOptions, total: number, durationNs: number): Cells[] {
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
