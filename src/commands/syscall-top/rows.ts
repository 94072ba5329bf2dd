/** From groups of the kernel's to rows a person understands. Pure. */
import { errnoName } from "../../core/errno";
import type { Dimension, GroupKey } from "../../probes/group-key";
import { addStats, type Stats } from "../../probes/stats";
import type { TallyEntry } from "../../probes/tally";
import { containerName } from "../../symbols/containers";
import { type Abi, compatAbis, syscallName } from "../../symbols/syscalls";
import { type Latencies, latenciesOf } from "../latencies";

/** A row: what it is about, and its figures. Labels that the grouping does not have are undefined. */
export interface SyscallRow extends Latencies {
  readonly nr?: number;
  readonly syscall?: string;
  readonly abi?: Abi;
  readonly pid?: number;
  readonly tid?: number;
  readonly comm?: string;
  readonly cgroup?: string;
  readonly container?: string;
  readonly errno?: string;
  readonly count: number;
  readonly failed: number;
}

/** How the kernel's numbers are named. */
export interface Names {
  readonly native: Abi;
  /** The name of a process or thread; undefined when it was not noted. */
  task(id: number): string | undefined;
  /** The path of a cgroup; undefined when it is gone. */
  cgroup(id: bigint): string | undefined;
}

/** What a row is about. */
type Labels = Omit<SyscallRow, keyof Stats | keyof Latencies>;

/** Groups by what they are about, in no order: those that get the same labels are one. */
export function labelledStats(
  entries: readonly TallyEntry[],
  by: readonly Dimension[],
  names: Names,
): { readonly labels: Labels; readonly stats: Stats }[] {
  const groups = new Map<string, { labels: Labels; stats: Stats }>();
  for (const { key, stats } of entries) {
    const labels = labelsOf(key, by, names);
    const identity = JSON.stringify(labels);
    const known = groups.get(identity);
    groups.set(identity, { labels, stats: known === undefined ? stats : addStats(known.stats, stats) });
  }
  return [...groups.values()];
}

/** The rows of a reading, in no order. `failuresOnly`: nothing but failed calls was counted. */
export function rowsOf(
  entries: readonly TallyEntry[],
  by: readonly Dimension[],
  names: Names,
  failuresOnly = false,
): SyscallRow[] {
  return labelledStats(entries, by, names).map(({ labels, stats }) => {
    const { count, failed } = stats;
    return { ...labels, count, failed: failuresOnly ? count : failed, ...latenciesOf(stats) };
  });
}

function labelsOf(key: GroupKey, by: readonly Dimension[], names: Names): Labels {
  return Object.assign({}, ...by.map((dimension) => label(dimension, key, names)));
}

function label(dimension: Dimension, key: GroupKey, names: Names): Labels {
  switch (dimension) {
    case "syscall": {
      const abi = [names.native, ...compatAbis(names.native)][key.abi ?? 0] ?? names.native;
      const nr = (key.number ?? 0) | 0;
      return { nr, syscall: syscallName(abi, nr), abi };
    }
    case "process":
      return { pid: key.pid ?? 0, comm: names.task(key.pid ?? 0) ?? "?" };
    case "thread":
      return { pid: key.pid ?? 0, tid: key.tid ?? 0, comm: names.task(key.tid ?? 0) ?? "?" };
    case "comm":
      return { comm: key.comm ?? "" };
    case "cgroup":
      return { cgroup: names.cgroup(key.cgroup ?? 0n) ?? `(gone, id ${key.cgroup})` };
    case "container":
      return { container: containerName(names.cgroup(key.cgroup ?? 0n), key.cgroup ?? 0n) };
    case "errno":
      return { errno: errnoName(key.errno ?? 0) };
  }
}
