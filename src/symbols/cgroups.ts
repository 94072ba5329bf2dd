/**
 * cgroup v2: where it is mounted, and from a cgroup's id to its path and back. The id that programs get from
 * `bpf_get_current_cgroup_id()` is the inode number of the cgroup's directory (kernfs, Linux 5.5 on 64 bit).
 */
import { type BigIntStats, readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative, resolve } from "node:path";

/** A directory of the cgroup v2 tree. */
export interface Cgroup {
  /** What `bpf_get_current_cgroup_id()` returns for a process in it. */
  readonly id: bigint;
  /** Below the mount, with a leading "/"; the mount itself is "/". */
  readonly path: string;
  /** The directory in the file system. */
  readonly directory: string;
  /**
   * How deep it lies, for `bpf_get_current_ancestor_cgroup_id(level)`: the root is 0. Undefined where the mount
   * shows only a part of the tree (a cgroup namespace), so that the depth cannot be known.
   */
  readonly level: number | undefined;
}

/** The inode number of the root of every cgroup v2 tree. */
const ROOT_ID = 1n;

/** The mount points of cgroup v2 in `mountinfo`, which has the form of /proc/PID/mountinfo. */
export function parseCgroupMounts(mountinfo: string): string[] {
  const mounts: string[] = [];
  for (const line of mountinfo.split("\n")) {
    const [left, right] = line.split(" - ");
    const point = left?.split(" ")[4];
    if (point !== undefined && right?.split(" ")[0] === "cgroup2") mounts.push(unescapeOctal(point));
  }
  return mounts;
}

/** Where cgroup v2 is mounted: "/sys/fs/cgroup" mostly, below it on mixed machines; undefined if nowhere. */
export function cgroupMount(mountinfo = "/proc/self/mountinfo"): string | undefined {
  try {
    return parseCgroupMounts(readFileSync(mountinfo, "utf8"))[0];
  } catch {
    return undefined;
  }
}

/**
 * The cgroup that `path` names: a directory below `mount`, or what /proc/PID/cgroup shows, which is relative to
 * the mount in spite of its leading "/". Undefined when there is no such cgroup.
 */
export function findCgroup(path: string, mount: string): Cgroup | undefined {
  const candidates = [resolve(join(mount, path))];
  if (path.startsWith("/")) candidates.unshift(resolve(path));
  for (const directory of candidates) {
    const below = relative(mount, directory);
    if (below === ".." || below.startsWith("../")) continue;
    const stats = directoryStats(directory);
    if (stats === undefined) continue;
    const whole = directoryStats(mount)?.ino === ROOT_ID;
    const level = below === "" ? 0 : below.split("/").length;
    return { id: stats.ino, path: `/${below}`, directory, level: whole ? level : undefined };
  }
  return undefined;
}

/** Every cgroup below `mount`, its id to its path; cgroups that vanish meanwhile are left out. */
export function cgroupPaths(mount: string | undefined = cgroupMount()): Map<bigint, string> {
  const paths = new Map<bigint, string>();
  if (mount === undefined) return paths;
  const waiting = ["/"];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const directory = join(mount, path);
    const stats = directoryStats(directory);
    if (stats === undefined) continue;
    paths.set(stats.ino, path);
    for (const name of folders(directory)) waiting.push(join(path, name));
  }
  return paths;
}

function directoryStats(path: string): BigIntStats | undefined {
  try {
    const stats = statSync(path, { bigint: true });
    return stats.isDirectory() ? stats : undefined;
  } catch {
    return undefined;
  }
}

function folders(directory: string): string[] {
  try {
    const entries = readdirSync(directory, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  } catch {
    return [];
  }
}

/** mountinfo writes blanks, tabs, newlines and backslashes in paths as three octal digits. */
function unescapeOctal(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_all, digits: string) => String.fromCharCode(parseInt(digits, 8)));
}
