/** By what a table of executions can be sorted. Pure. */
import type { SortOrder } from "../output-options";
import { type ColumnOptions, LABELS } from "./columns";
import type { ExecRow } from "./rows";

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

/** The sort columns that a report with these options has. */
export function availableColumns({ by, cost }: Pick<ColumnOptions, "by" | "cost">): SortColumn[] {
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
