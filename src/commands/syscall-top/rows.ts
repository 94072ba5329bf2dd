/** From groups of the kernel's to rows a person understands. Pure. */
import { errnoName } from "../../core/errno";
import type { Dimension, GroupKey } from "../../probes/group-key";
import { percentile } from "../../probes/histogram";
import { addStats, type Stats } from "../../probes/stats";
import type { TallyEntry } from "../../probes/tally";
import { containerName } from "../../symbols/containers";
import { type Abi, compatAbis, syscallName } from "../../symbols/syscalls";

/** A row: what it is about, and its figures. Labels that the grouping does not have are undefined. */
export interface SyscallRow {
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
  readonly totalNs: number;
  readonly avgNs: number;
  readonly p50Ns: number;
  readonly p95Ns: number;
  readonly p99Ns: number;
  readonly maxNs: number;
}

/** How the kernel's numbers are named. */
export interface Names {
  readonly native: Abi;
  /** The name of a process or thread; undefined when it was not noted. */
  task(id: number): string | undefined;
  /** The path of a cgroup; undefined when it is gone. */
  cgroup(id: bigint): string | undefined;
}

/**
 * The rows of a reading, in no order. Groups that get the same labels become one row. `failuresOnly`: nothing but
 * failed calls was counted.
 */
export function rowsOf(
  entries: readonly TallyEntry[],
  by: readonly Dimension[],
  names: Names,
  failuresOnly = false,
): SyscallRow[] {
  const groups = new Map<string, { labels: Partial<SyscallRow>; stats: Stats }>();
  for (const { key, stats } of entries) {
    const labels = labelsOf(key, by, names);
    const identity = JSON.stringify(labels);
    const known = groups.get(identity);
    groups.set(identity, { labels, stats: known === undefined ? stats : addStats(known.stats, stats) });
  }
  return [...groups.values()].map(({ labels, stats }) => {
    const { count, failed } = stats;
    return { ...labels, ...figures({ ...stats, failed: failuresOnly ? count : failed }) };
  });
}

function labelsOf(key: GroupKey, by: readonly Dimension[], names: Names): Partial<SyscallRow> {
  return Object.assign({}, ...by.map((dimension) => label(dimension, key, names)));
}

function label(dimension: Dimension, key: GroupKey, names: Names): Partial<SyscallRow> {
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

function figures({ count, failed, totalNs, maxNs, histogram }: Stats) {
  const at = (fraction: number) => percentile(histogram, fraction, maxNs) ?? 0;
  return {
    count,
    failed,
    totalNs,
    avgNs: count === 0 ? 0 : Math.round(totalNs / count),
    p50Ns: at(0.5),
    p95Ns: at(0.95),
    p99Ns: at(0.99),
    maxNs,
  };
}
