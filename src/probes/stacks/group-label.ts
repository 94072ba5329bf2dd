/** What the root of a stack says: whose it is. Pure. */
import type { Group } from "../../output/stacks/profile";
import { containerName } from "../../symbols/containers";
import type { StackDimension, StackKey } from "../stack-tally";

/** What keys have numbers for. */
export interface GroupNames {
  cgroup(id: bigint): string | undefined;
}

/** The kernel calls every processor's idle task this. */
const IDLE = "[idle]";

/** The group of a key. */
export function groupLabel(key: StackKey, by: StackDimension, names: GroupNames): Group {
  const { pid, tid, comm, cpu, cgroup = 0n } = key;
  switch (by) {
    case "process":
      return { label: `${commOf(comm)} (${pid})`, pid };
    case "thread":
      return { label: `${commOf(comm)} (${pid}/${tid})`, pid, tid };
    case "comm":
      return { label: commOf(comm) };
    case "cpu":
      return { label: `cpu ${cpu}` };
    case "cgroup":
      return { label: names.cgroup(cgroup) ?? `(gone, id ${cgroup})` };
    case "container":
      return { label: containerName(names.cgroup(cgroup), cgroup) };
  }
}

/** A task's name, made readable. */
export function commOf(comm: string): string {
  return comm.startsWith("swapper/") ? IDLE : comm || "[no name]";
}
