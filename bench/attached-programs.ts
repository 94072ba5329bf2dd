/** Which BPF programs a process has attached, and what they cost: read from its descriptors. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { BpfCmd } from "../src/core/bpf-uapi";
import { struct, u32, u64 } from "../src/core/codec";
import { Attr } from "../src/sys/attr";
import type { Syscalls } from "../src/sys/syscalls";

/** The fields of /proc/PID/fdinfo/FD, `name: value` a line. */
export function parseFdInfo(text: string): Map<string, string> {
  const fields = text.split("\n").map((line) => /^([^:]+):\s*(.*)$/.exec(line));
  return new Map(
    fields.flatMap((match) => (match === null ? [] : [[match[1] as string, match[2] as string]])),
  );
}

/** Runs of a program and the time they took, while statistics are on. */
export interface ProgramRuns {
  readonly runs: number;
  readonly timeNs: number;
}

/** A descriptor without a file: a link, a program, a perf event. */
export interface Descriptor {
  readonly fd: number;
  readonly target: string;
  readonly info: Map<string, string>;
}

/** The descriptors of a process that are not files, pipes or sockets. */
export function descriptors(pid: number): Descriptor[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((name) => {
    try {
      const target = readlinkSync(join(`/proc/${pid}/fd`, name));
      if (!target.startsWith("anon_inode:")) return [];
      const info = parseFdInfo(readFileSync(join(`/proc/${pid}/fdinfo`, name), "utf8"));
      return [{ fd: Number(name), target, info }];
    } catch {
      return []; // closed meanwhile
    }
  });
}

const TaskFdQuery = struct({
  pid: u32,
  fd: u32,
  flags: u32,
  bufLen: u32,
  buf: u64,
  progId: u32,
  fdType: u32,
  probeOffset: u64,
  probeAddr: u64,
});

/** The program behind a perf event, which its fdinfo does not tell. Since Linux 4.18. */
function programOfPerfEvent(sys: Syscalls, pid: number, fd: number): number | undefined {
  const attr = Attr.of(TaskFdQuery, { pid, fd });
  if (sys.bpf(BpfCmd.BPF_TASK_FD_QUERY, attr) < 0) return undefined;
  return attr.read(TaskFdQuery, "progId");
}

/** Ids of the programs that the process holds attached, by a link or by a perf event. */
export function attachedPrograms(sys: Syscalls, pid: number): Set<number> {
  const ids = descriptors(pid).map(({ fd, target, info }) => {
    if (info.has("link_type")) return Number(info.get("prog_id"));
    return target === "anon_inode:[perf_event]" ? programOfPerfEvent(sys, pid, fd) : undefined;
  });
  return new Set(ids.filter((id) => id !== undefined));
}

/** The runs of each program that the process holds a descriptor of, by id. */
export function programRuns(pid: number): Map<number, ProgramRuns> {
  return new Map(
    descriptors(pid)
      .filter(({ info }) => info.has("run_cnt"))
      .map(({ info }) => [
        Number(info.get("prog_id")),
        { runs: Number(info.get("run_cnt")), timeNs: Number(info.get("run_time_ns")) },
      ]),
  );
}
