/** Costs rolled up the process tree. Pure. */
import { type ExecRow, mergeRows } from "./rows";

/** A process with all that descend from it: its figures are those of the whole branch. */
export interface TreeRow extends ExecRow {
  /** 0 for those whose parent is not in the table. */
  readonly depth: number;
  /** Of the process by itself. */
  readonly selfCpuNs: number;
}

/**
 * The processes as a tree, parents before their children, branches in the order of `compare`. A process that was
 * adopted keeps the parent that started it, if that one is known.
 */
export function treeRows(rows: readonly ExecRow[], compare: (a: ExecRow, b: ExecRow) => number): TreeRow[] {
  const processes = new Map<number, ExecRow>();
  const parents = new Map<number, number[]>();
  for (const row of rows) {
    const { pid = 0, ppid = 0 } = row;
    const known = processes.get(pid);
    processes.set(pid, known === undefined ? row : mergeRows(known, row));
    parents.set(pid, [...(parents.get(pid) ?? []), ppid]);
  }
  const children = new Map<number | undefined, number[]>();
  for (const pid of processes.keys()) {
    const parent = parents.get(pid)?.find((ppid) => ppid !== pid && processes.has(ppid));
    children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const branches = new Map<number, ExecRow>();
  const seen = new Set<number>();
  const branchOf = (pid: number): ExecRow => {
    const own = processes.get(pid) as ExecRow;
    if (seen.has(pid)) return own;
    seen.add(pid);
    const branch = (children.get(pid) ?? []).reduce((sum, child) => mergeRows(sum, branchOf(child)), own);
    branches.set(pid, branch);
    return branch;
  };
  const flat: TreeRow[] = [];
  const walk = (pids: readonly number[], depth: number): void => {
    const branch = (pid: number) => branches.get(pid) as ExecRow;
    for (const pid of [...pids].sort((a, b) => compare(branch(a), branch(b)))) {
      flat.push({ ...branch(pid), depth, selfCpuNs: processes.get(pid)?.cpuNs ?? 0 });
      walk(children.get(pid) ?? [], depth + 1);
    }
  };
  const roots = children.get(undefined) ?? [];
  for (const root of roots) branchOf(root);
  walk(roots, 0);
  return flat;
}
