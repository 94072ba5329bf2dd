import { existsSync, readFileSync, statSync } from "node:fs";
import type { Machine } from "../commands/machine";

/** This machine. What only some options need is read when they ask. */
export function thisMachine(proc = "/proc"): Machine {
  let mount: { point: string | undefined } | undefined;
  const cgroups = () => require("../symbols/cgroups") as typeof import("../symbols/cgroups");
  const cgroupMount = () => {
    mount ??= { point: cgroups().cgroupMount(`${proc}/self/mountinfo`) };
    return mount.point;
  };
  const cgroupsById = () => {
    const point = cgroupMount();
    return point === undefined ? new Map<bigint, string>() : cgroups().cgroupPaths(point);
  };
  return {
    processOf(id) {
      // Where there is no /proc at all nothing can be traced, and `--dump` needs no such check.
      if (!existsSync(`${proc}/self`)) return id;
      try {
        const group = /^Tgid:\t(\d+)$/m.exec(readFileSync(`${proc}/${id}/status`, "utf8"))?.[1];
        return group === undefined ? undefined : Number(group);
      } catch {
        return undefined;
      }
    },
    users: () => (require("../symbols/users") as typeof import("../symbols/users")).readUsers(),
    cgroupMount,
    cgroup(path) {
      const point = cgroupMount();
      return point === undefined ? undefined : cgroups().findCgroup(path, point);
    },
    cgroupPaths: () => cgroupsById().values(),
    cgroupsById,
    commOf(id) {
      try {
        return readFileSync(`${proc}/${id}/comm`, "utf8").replace(/\n$/, "");
      } catch {
        return undefined;
      }
    },
    namespaceOf(pid, kind) {
      try {
        return statSync(`${proc}/${pid}/ns/${kind}`).ino;
      } catch {
        return undefined;
      }
    },
    ownMaps: () => readFileSync(`${proc}/self/maps`, "utf8"),
    possibleCpus() {
      try {
        return (require("../sys/cpus") as typeof import("../sys/cpus")).possibleCpus();
      } catch {
        return undefined;
      }
    },
  };
}
