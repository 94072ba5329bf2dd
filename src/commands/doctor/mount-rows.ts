/** The file systems of the kernel that tracing can use. Pure over the text of mountinfo. */
import { mountPoint } from "../../sys/mount-point";
import type { DoctorRow } from "./row";

interface FileSystem {
  readonly type: string;
  readonly title: string;
  readonly usual: string;
}

const FILE_SYSTEMS: readonly FileSystem[] = [
  { type: "tracefs", title: "names and formats of tracepoints", usual: "/sys/kernel/tracing" },
  { type: "debugfs", title: "an older way to tracefs", usual: "/sys/kernel/debug" },
  { type: "bpf", title: "pinned maps and programs", usual: "/sys/fs/bpf" },
  { type: "cgroup2", title: "cgroups, containers", usual: "/sys/fs/cgroup" },
];

/** A row for each file system. Only tracefs and cgroup v2 are needed by anything, and only by parts of it. */
export function mountRows(mountinfo: string, asRoot: (line: string) => string): DoctorRow[] {
  return FILE_SYSTEMS.map(({ type, title, usual }) => {
    const point = mountPoint(mountinfo, type);
    const row = { section: "mounts", name: type, title } as const;
    if (point !== undefined) return { ...row, state: "available", detail: point };
    const remedy = asRoot(`mount -t ${type} ${type} ${usual}`);
    return { ...row, state: "missing", detail: `not mounted (${title})`, remedy };
  });
}
