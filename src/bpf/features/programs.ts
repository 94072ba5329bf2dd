/** The program types: each loads "return 0". */
import { mov } from "../../asm/alu";
import { exit } from "../../asm/jump";
import { r0 } from "../../asm/register";
import { AttachType, ProgType } from "../../core/bpf-uapi";
import type { Feature } from "./feature";
import { lacks, type Outcome, outcomeOf } from "./outcome";
import type { Trial, TrialProgram } from "./trial";

export const LOAD = "bpf(BPF_PROG_LOAD)";
/** Fires only when a thread changes its name. There since Linux 3.4. */
export const QUIET_TRACEPOINT = "task_rename";
/** Never called on a machine that goes on running; not inlined, and in every kernel. */
export const QUIET_FUNCTION = "kernel_restart";

export const returnZero = [mov(r0, 0), exit()];
/** A program on a perf event drops the event for everybody else who listens there unless it returns 1. */
export const returnOne = [mov(r0, 1), exit()];

export const networkRights = ["CAP_BPF", "CAP_NET_ADMIN"] as const;

function loads(title: string, since: string, program: TrialProgram) {
  return {
    title,
    group: "programs",
    since,
    probe: (trial: Trial) => outcomeOf(LOAD, trial.program(program)),
  } as const satisfies Feature;
}

const { BPF_PROG_TYPE_TRACING } = ProgType;

export const programFeatures = {
  "raw-tracepoint-program": loads("raw tracepoint", "4.17", {
    type: ProgType.BPF_PROG_TYPE_RAW_TRACEPOINT,
    code: returnZero,
  }),
  "kprobe-program": loads("kprobe, uprobe", "4.1", {
    type: ProgType.BPF_PROG_TYPE_KPROBE,
    code: returnZero,
  }),
  "tracepoint-program": loads("tracepoint", "4.7", {
    type: ProgType.BPF_PROG_TYPE_TRACEPOINT,
    code: returnOne,
  }),
  "perf-event-program": loads("perf event", "4.9", {
    type: ProgType.BPF_PROG_TYPE_PERF_EVENT,
    code: returnOne,
  }),
  "tracing-program": {
    title: "tracing (typed by BTF)",
    group: "programs",
    since: "5.5",
    probe: (trial) => loadTypedTracepoint(trial).outcome,
  },
  "iterator-program": {
    title: "iterator over kernel objects",
    group: "programs",
    since: "5.8",
    probe: (trial) => loadTraced(trial, "bpf_iter_task", AttachType.BPF_TRACE_ITER).outcome,
  },
  "socket-filter-program": loads("socket filter", "3.19", {
    type: ProgType.BPF_PROG_TYPE_SOCKET_FILTER,
    code: returnZero,
  }),
  "cgroup-skb-program": {
    ...loads("packets of a cgroup", "4.10", { type: ProgType.BPF_PROG_TYPE_CGROUP_SKB, code: returnOne }),
    rights: networkRights,
  },
} as const satisfies Record<string, Feature>;

/** A program loaded for a place that BTF names; `fd` means nothing unless the outcome is "works". */
export interface Traced {
  readonly fd: number;
  readonly outcome: Outcome;
}

function withoutBtf(what: string): Traced {
  return { fd: -1, outcome: lacks(`BTF has no ${what}`) };
}

/** Loads a BTF raw tracepoint program for the quiet tracepoint. */
export function loadTypedTracepoint(trial: Trial): Traced {
  const target = trial.facts.btf()?.rawTracepoint(QUIET_TRACEPOINT);
  if (target === undefined) return withoutBtf(`tracepoint "${QUIET_TRACEPOINT}"`);
  return loadFor(trial, target.id, AttachType.BPF_TRACE_RAW_TP);
}

/** Loads a tracing program for a function. */
export function loadTraced(trial: Trial, name: string, attachType: number): Traced {
  const target = trial.facts.btf()?.find("func", name);
  return target === undefined ? withoutBtf(`function "${name}"`) : loadFor(trial, target.id, attachType);
}

function loadFor(trial: Trial, attachBtfId: number, expectedAttachType: number): Traced {
  const type = BPF_PROG_TYPE_TRACING;
  const fd = trial.program({ type, code: returnZero, expectedAttachType, attachBtfId });
  return { fd, outcome: outcomeOf(LOAD, fd) };
}
