/** Hooks that need no perf event. What is attached hardly ever runs, and is detached at once. */
import { AttachType, BpfCmd, ProgType } from "../../core/bpf-uapi";
import { u64 } from "../../core/codec";
import { errno } from "../../core/errno";
import { mountPoint } from "../../sys/mount-point";
import { LinkCreateKprobeMulti, LinkCreateUprobeMulti } from "../attr-layouts";
import type { Feature } from "./feature";
import { ProgQuery } from "./layouts";
import { type Outcome, outcomeOf, unclear, works } from "./outcome";
import {
  LOAD,
  loadTraced,
  loadTypedTracepoint,
  networkRights,
  QUIET_FUNCTION,
  QUIET_TRACEPOINT,
  returnZero,
  type Traced,
} from "./programs";
import { cString, type Trial } from "./trial";

const LINK = "bpf(BPF_LINK_CREATE)";
const RAW = "bpf(BPF_RAW_TRACEPOINT_OPEN)";

export const hookFeatures = {
  "raw-tracepoint": { title: "raw tracepoint", group: "hooks", since: "4.17", probe: rawTracepoint },
  "btf-raw-tracepoint": {
    title: "raw tracepoint, typed by BTF",
    group: "hooks",
    since: "5.5",
    probe: (trial) => attachTraced(trial, loadTypedTracepoint(trial)),
  },
  fentry: {
    title: "entry of a kernel function (fentry)",
    group: "hooks",
    since: "5.5, on arm64 6.4",
    probe: (trial) => attachTraced(trial, loadTraced(trial, QUIET_FUNCTION, AttachType.BPF_TRACE_FENTRY)),
  },
  fexit: {
    title: "exit of a kernel function (fexit)",
    group: "hooks",
    since: "5.5, on arm64 6.4",
    probe: (trial) => attachTraced(trial, loadTraced(trial, QUIET_FUNCTION, AttachType.BPF_TRACE_FEXIT)),
  },
  "kprobe-multi": {
    title: "many kernel functions at once (kprobe.multi)",
    group: "hooks",
    since: "5.18",
    probe: kprobeMulti,
  },
  "uprobe-multi": {
    title: "many user functions at once (uprobe.multi)",
    group: "hooks",
    since: "6.6",
    probe: uprobeMulti,
  },
  "cgroup-attach": {
    title: "packets of a cgroup",
    group: "hooks",
    since: "4.10",
    rights: networkRights,
    probe: cgroupAttach,
  },
} as const satisfies Record<string, Feature>;

function rawTracepoint(trial: Trial): Outcome {
  const program = trial.program({ type: ProgType.BPF_PROG_TYPE_RAW_TRACEPOINT, code: returnZero });
  if (program < 0) return outcomeOf(LOAD, program);
  return outcomeOf(RAW, trial.rawTracepoint(program, QUIET_TRACEPOINT));
}

function attachTraced(trial: Trial, { fd, outcome }: Traced): Outcome {
  return outcome.kind === "works" ? outcomeOf(RAW, trial.rawTracepoint(fd)) : outcome;
}

/**
 * Asks for a link whose list of addresses cannot be read: only a kernel that has such links gets as far as to
 * notice. A real one would need an address from /proc/kallsyms, which is slow to read and may be hidden.
 */
function kprobeMulti(trial: Trial): Outcome {
  const attachType = AttachType.BPF_TRACE_KPROBE_MULTI;
  const progFd = trial.program({
    type: ProgType.BPF_PROG_TYPE_KPROBE,
    code: returnZero,
    expectedAttachType: attachType,
  });
  if (progFd < 0) return outcomeOf(LOAD, progFd);
  const result = trial.open(BpfCmd.BPF_LINK_CREATE, LinkCreateKprobeMulti, {
    progFd,
    attachType,
    cnt: 1,
    // No address of a list.
    addrs: 1n,
  });
  return result === -errno.EFAULT ? works() : outcomeOf(LINK, result);
}

/** A link to a file that no process maps, in this process alone: no instruction is changed. */
function uprobeMulti(trial: Trial): Outcome {
  const attachType = AttachType.BPF_TRACE_UPROBE_MULTI;
  const progFd = trial.program({
    type: ProgType.BPF_PROG_TYPE_KPROBE,
    code: returnZero,
    expectedAttachType: attachType,
  });
  if (progFd < 0) return outcomeOf(LOAD, progFd);
  const link = trial.open(BpfCmd.BPF_LINK_CREATE, LinkCreateUprobeMulti, {
    progFd,
    attachType,
    path: cString(__filename),
    offsets: new Uint8Array(u64.size),
    cnt: 1,
    pid: process.pid,
  });
  return outcomeOf(LINK, link);
}

/** Asks what is attached already: attaching would take every packet of the machine through our program. */
function cgroupAttach(trial: Trial): Outcome {
  const directory = mountPoint(trial.sys.readText("/proc/self/mountinfo") ?? "", "cgroup2");
  if (directory === undefined) return unclear("cgroup v2 is not mounted");
  const targetFd = trial.file(directory);
  if (targetFd < 0) return outcomeOf(`open "${directory}"`, targetFd);
  const attachType = AttachType.BPF_CGROUP_INET_INGRESS;
  const result = trial.bpf(BpfCmd.BPF_PROG_QUERY, ProgQuery, { targetFd, attachType });
  return outcomeOf("bpf(BPF_PROG_QUERY)", result);
}
