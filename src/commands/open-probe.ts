/** What every command does between its options and its first number. */
import { closeSync, openSync } from "node:fs";
import { assemble } from "../asm/assemble";
import { listing } from "../asm/disassemble";
import type { Kernel } from "../bpf/kernel";
import type { ProbeSpec } from "../bpf/program-spec";
import { Session } from "../bpf/session";
import { Mark, marks } from "../probes/descendants";
import { codeUnits, type Ourselves } from "../probes/ourselves";
import { filterCgroup, type TaskFilter } from "../probes/task-filter";
import type { OptionValues } from "./command";
import type { Context } from "./context";
import type { filterOptions } from "./filter-options";

/** The task filter that the common options ask for. */
export function taskFilter(options: OptionValues<typeof filterOptions>): TaskFilter {
  const { pid, tid, uid, comm, cgroup, container, cpu } = options;
  return {
    pids: pid,
    tids: tid,
    uid,
    comm: comm === undefined ? undefined : `${comm.text}${comm.prefix ? "*" : ""}`,
    cgroup: (cgroup ?? container)?.directory,
    cpus: cpu,
  };
}

/** What programs recognise bpfkit by. */
export function ourselves(context: Context, kernel: Kernel): Ourselves {
  return { pid: kernel.ownPid(), code: codeUnits(context.machine.ownMaps()) };
}

/** Whose events count. */
export interface Whose {
  readonly filter: TaskFilter;
  /** Only COMMAND and its descendants. */
  readonly follow: boolean;
  /** What programs must find in their maps from the first event on. */
  readonly fill?: (session: Session) => void;
}

/** Loads and attaches a probe, with the maps of its filters filled in. */
export function openProbe(kernel: Kernel, spec: ProbeSpec, { filter, follow, fill }: Whose): Session {
  const prepare = (session: Session) => {
    if (filter.cgroup !== undefined) putCgroup(session, filter.cgroup);
    if (follow) session.mappedArray(marks).view.setUint8(kernel.ownPid(), Mark.armed);
    fill?.(session);
  };
  return Session.open(kernel, spec, prepare);
}

/** The kernel takes a reference of its own, so our descriptor need not stay open. */
function putCgroup(session: Session, directory: string): void {
  const fd = openSync(directory, "r");
  try {
    session.map(filterCgroup).update(0, fd);
  } finally {
    closeSync(fd);
  }
}

/** The listings of a probe's programs, each under its name and hook: what `--dump` prints. */
export function dumpOf({ programs }: ProbeSpec): string {
  return programs
    .map(({ name, hook, code }) => `; ${name} at ${hook.kind} ${hook.name}\n${listing(assemble(code))}`)
    .join("\n");
}

/** Says on stderr, with -v, what was attached. */
export function tellAttached(context: Context, { programs, maps }: ProbeSpec): void {
  for (const { name, hook } of programs) context.detail(`attached ${name} to ${hook.kind} ${hook.name}`);
  for (const { name, maxEntries, value } of maps)
    context.detail(`map ${name}: ${maxEntries} entries of ${value.size} bytes`);
}
