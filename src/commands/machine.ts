import type { Cgroup } from "../symbols/cgroups";
import type { Users } from "../symbols/users";

/**
 * What checking an option's value needs to know about the machine. `src/cli/machine.ts` asks the real one;
 * tests bring their own, and a machine that is no Linux knows nothing and therefore objects to nothing.
 */
export interface Machine {
  /** The process that the thread `id` belongs to (`id` itself for a process); undefined if there is none. */
  processOf(id: number): number | undefined;
  users(): Users;
  /** Where cgroup v2 is mounted. */
  cgroupMount(): string | undefined;
  /** The cgroup of that name: see `findCgroup`. */
  cgroup(path: string): Cgroup | undefined;
  /** The path of every cgroup, below the mount. */
  cgroupPaths(): Iterable<string>;
  /** The path of every cgroup by its id. */
  cgroupsById(): ReadonlyMap<bigint, string>;
  /** The name of a living process or thread; undefined when it is gone. */
  commOf(id: number): string | undefined;
  /** The inode of a namespace of a process, as /proc/PID/ns names it; undefined when the process is gone. */
  namespaceOf(pid: number, kind: "pid" | "mnt"): number | undefined;
  /** bpfkit's own memory, as /proc/PID/maps shows it. */
  ownMaps(): string;
  /** Processors the kernel may ever use; undefined where it does not say. */
  possibleCpus(): readonly number[] | undefined;
}
