/** Tracepoints through perf: their number comes from tracefs. */
import { ProgType } from "../../core/bpf-uapi";
import { NotSupportedError, UsageError } from "../../core/errors";
import { didYouMean } from "../../core/suggest";
import { onlineCpusOf } from "../../sys/cpus";
import { mountPoint } from "../../sys/mount-point";
import { PerfType } from "../../sys/perf-event";
import type { Access } from "../access";
import type { TracepointHook } from "../program-spec";
import type { HookKind } from "./hook-kind";
import { attachToEvent, openPerfEvent } from "./perf-attachment";

/** Where tracefs is mounted, on its own or inside debugfs. Throws a NotSupportedError that says how to mount it. */
export function tracefs({ sys }: Pick<Access, "sys">, wanted: string): string {
  const mounts = sys.readText("/proc/self/mountinfo") ?? "";
  const debugfs = mountPoint(mounts, "debugfs");
  const found = mountPoint(mounts, "tracefs") ?? (debugfs === undefined ? undefined : `${debugfs}/tracing`);
  if (found === undefined)
    throw new NotSupportedError(`${wanted}: tracefs is not mounted`, {
      hint: "mount it: sudo mount -t tracefs tracefs /sys/kernel/tracing",
    });
  return found;
}

function tracepointId(name: string, access: Access): number {
  const [category, event, ...rest] = name.split(":");
  if (!category || !event || rest.length > 0 || name.includes("/"))
    throw new UsageError(`tracepoint "${name}": is not like "sched:sched_switch"`);
  const folder = tracefs(access, `tracepoint "${name}"`);
  const id = access.sys.readText(`${folder}/events/${category}/${event}/id`);
  if (id !== undefined) return Number(id);
  const all = access.sys.readText(`${folder}/available_events`) ?? "";
  throw new NotSupportedError(`tracepoint "${name}": this kernel has none`, {
    hint: didYouMean(name, all.trim().split("\n")),
  });
}

export const tracepoint: HookKind<TracepointHook> = {
  programType: () => ({ type: ProgType.BPF_PROG_TYPE_TRACEPOINT }),
  attach({ name, cookie }, program, access) {
    const operation = `attach to tracepoint "${name}"`;
    const config = BigInt(tracepointId(name, access));
    // One event on one CPU is enough: the program hangs on the tracepoint itself and runs on all.
    const cpu = onlineCpusOf(access.sys)[0] ?? 0;
    const event = openPerfEvent(
      access,
      { type: PerfType.tracepoint, config, samplePeriod: 1 },
      { pid: -1, cpu },
    );
    if (event < 0) throw access.refusal(operation, -event);
    return attachToEvent(access, program, event, { operation, cookie });
  },
};
