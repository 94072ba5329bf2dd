/** Hooks that are perf events: sampling, tracepoints, kprobes and uprobes. */
import { join } from "node:path";
import { mov } from "../../asm/alu";
import { helper } from "../../asm/helper-ids";
import { call, exit } from "../../asm/jump";
import { r0 } from "../../asm/register";
import { AttachType, BpfCmd, ProgType } from "../../core/bpf-uapi";
import { PermissionError } from "../../core/errors";
import { onlineCpus } from "../../sys/cpus";
import { mountPoint } from "../../sys/mount-point";
import { PerfFlag, PerfType, SoftwareClock } from "../../sys/perf-event";
import type { Syscalls } from "../../sys/syscalls";
import { LinkCreate } from "../attr-layouts";
import type { Feature } from "./feature";
import { firstFailure, lacks, type Outcome, outcomeOf } from "./outcome";
import { LOAD, QUIET_FUNCTION, QUIET_TRACEPOINT, returnOne, returnZero } from "./programs";
import { cString, type Trial, type TrialEvent } from "./trial";

const OPEN = "perf_event_open";
const LINK = "bpf(BPF_LINK_CREATE)";
/** Where the kernel lists its kinds of events (PMUs). */
const PMUS = "/sys/bus/event_source/devices";

const eventRights = ["CAP_PERFMON"];
const cookieCode = [call(helper.getAttachCookie), mov(r0, 1), exit()];

export const eventFeatures = {
  "perf-event": {
    title: "sampling by the clock (perf event)",
    group: "hooks",
    since: "4.9",
    probe: (trial) => attachToEvent(trial, ProgType.BPF_PROG_TYPE_PERF_EVENT, clock()),
  },
  "perf-link": {
    title: "BPF links to perf events",
    group: "hooks",
    since: "5.15",
    probe: (trial) => linkToClock(trial, returnOne, 0n),
  },
  "attach-cookie": {
    title: "a cookie per attachment",
    group: "hooks",
    since: "5.15",
    probe: (trial) => linkToClock(trial, cookieCode, 42n),
  },
  "hardware-counters": {
    title: "hardware counters",
    group: "hooks",
    since: "2.6.31",
    rights: eventRights,
    probe: (trial) =>
      // PERF_COUNT_HW_CPU_CYCLES is 0.
      outcomeOf(OPEN, trial.perfEvent({ attr: { type: PerfType.hardware }, pid: 0, cpu: -1 })),
  },
  tracepoint: { title: "tracepoint", group: "hooks", since: "4.7", probe: tracepoint },
  kprobe: {
    title: "entry of a kernel function (kprobe)",
    group: "hooks",
    since: "4.17",
    probe: (trial) => probeEvent(trial, "kprobe", false, QUIET_FUNCTION),
  },
  kretprobe: {
    title: "return of a kernel function (kretprobe)",
    group: "hooks",
    since: "4.17",
    probe: (trial) => probeEvent(trial, "kprobe", true, QUIET_FUNCTION),
  },
  uprobe: {
    title: "entry of a user function (uprobe)",
    group: "hooks",
    since: "4.17",
    // A file that no process maps: no instruction is changed.
    probe: (trial) => probeEvent(trial, "uprobe", false, __filename),
  },
  uretprobe: {
    title: "return of a user function (uretprobe)",
    group: "hooks",
    since: "4.17",
    probe: (trial) => probeEvent(trial, "uprobe", true, __filename),
  },
} as const satisfies Record<string, Feature>;

/** Samples every process on one processor, as a profile does on all. */
function clock(): TrialEvent {
  const attr = {
    type: PerfType.software,
    config: SoftwareClock["cpu-clock"],
    samplePeriod: 99n,
    flags: PerfFlag.freq,
  };
  return { attr, pid: -1, cpu: onlineCpus()[0] ?? 0 };
}

function attachToEvent(trial: Trial, type: number, event: TrialEvent): Outcome {
  const code = type === ProgType.BPF_PROG_TYPE_KPROBE ? returnZero : returnOne;
  const program = trial.program({ type, code });
  if (program < 0) return outcomeOf(LOAD, program);
  const fd = trial.perfEvent(event);
  return firstFailure(
    () => outcomeOf(OPEN, fd),
    () => trial.setBpf(fd, program),
  );
}

function linkToClock(trial: Trial, code: typeof returnOne, bpfCookie: bigint): Outcome {
  const progFd = trial.program({ type: ProgType.BPF_PROG_TYPE_PERF_EVENT, code });
  if (progFd < 0) return outcomeOf(LOAD, progFd);
  const targetFd = trial.perfEvent(clock());
  if (targetFd < 0) return outcomeOf(OPEN, targetFd);
  const attachType = AttachType.BPF_PERF_EVENT;
  const link = trial.open(BpfCmd.BPF_LINK_CREATE, LinkCreate, { progFd, targetFd, attachType, bpfCookie });
  return outcomeOf(LINK, link);
}

/** Attaches to a kprobe or uprobe: a function of the kernel, or the start of a file. */
function probeEvent(trial: Trial, pmu: "kprobe" | "uprobe", returns: boolean, target: string): Outcome {
  const type = trial.sys.readText(join(PMUS, pmu, "type"));
  if (type === undefined) return lacks(`"${join(PMUS, pmu)}" does not exist`);
  // format/retprobe says which bit of config it is: the first one, ever since there is one.
  const attr = { type: Number(type), config: returns ? 1n : 0n, config1: cString(target) };
  const own = { pid: process.pid, cpu: -1 };
  const every = { pid: -1, cpu: onlineCpus()[0] ?? 0 };
  const whose = pmu === "uprobe" ? own : every;
  return attachToEvent(trial, ProgType.BPF_PROG_TYPE_KPROBE, { attr, ...whose });
}

/** Their numbers are in tracefs; where that is not mounted any tracepoint shows that there are some. */
function tracepoint(trial: Trial): Outcome {
  const id = tracepointId(trial.sys, QUIET_TRACEPOINT);
  const ids = id === undefined ? GUESSES : [id];
  const event = (config: number): TrialEvent => ({
    attr: { type: PerfType.tracepoint, config: BigInt(config), samplePeriod: 1n },
    pid: process.pid,
    cpu: -1,
  });
  let outcome: Outcome = lacks("no tracepoints");
  for (const each of ids) {
    outcome = attachToEvent(trial, ProgType.BPF_PROG_TYPE_TRACEPOINT, event(each));
    if (outcome.kind !== "lacks") break;
  }
  if (outcome.kind !== "works" || id !== undefined) return outcome;
  return { ...outcome, detail: "tracefs is not mounted or not ours to read, so no name can be looked up" };
}

/** The numbers are given away in a row from about 20 on, a thousand and more of them; a few belong to ftrace. */
const GUESSES = Array.from({ length: 32 }, (_, i) => 200 + i);

function tracepointId({ readText }: Syscalls, name: string): number | undefined {
  const mountinfo = readText("/proc/self/mountinfo") ?? "";
  const debugfs = mountPoint(mountinfo, "debugfs");
  const tracefs =
    mountPoint(mountinfo, "tracefs") ?? (debugfs === undefined ? undefined : join(debugfs, "tracing"));
  if (tracefs === undefined) return undefined;
  try {
    const id = readText(join(tracefs, "events/task", name, "id"));
    return id === undefined ? undefined : Number(id);
  } catch (error) {
    if (error instanceof PermissionError) return undefined;
    throw error;
  }
}
