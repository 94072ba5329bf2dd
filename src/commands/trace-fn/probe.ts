/** Chosen sites and options to programs and maps. Pure. */
import type { KernelFacts } from "../../bpf/facts";
import type { MapSpec } from "../../bpf/map-spec";
import type { ProbeSpec, ProgramSpec } from "../../bpf/program-spec";
import { type CallPlan, callPlan, type PlanOptions } from "../../probes/calls/call-plan";
import type { RecordLayout } from "../../probes/calls/call-record";
import { type FunctionSite, functionProbe } from "../../probes/calls/function-calls";
import { type SyscallSite, syscallProbe } from "../../probes/calls/syscall-calls";
import { type TracepointSite, tracepointProbe } from "../../probes/calls/tracepoint-calls";
import { descendantMaps, descendantPrograms } from "../../probes/descendants";
import { filterMaps } from "../../probes/task-filter";

/** What is traced, by kind. The sites of all kinds together are numbered from 0. */
export interface TraceSites {
  readonly syscalls: readonly SyscallSite[];
  readonly tracepoints: readonly TracepointSite[];
  readonly functions: readonly FunctionSite[];
}

export interface TraceProbe extends Pick<CallPlan, "ring" | "losses" | "counters"> {
  readonly spec: ProbeSpec;
  /** Of the records, by site. */
  readonly layouts: readonly RecordLayout[];
  /** Whether nothing but functions is traced. */
  readonly functionsOnly: boolean;
  /** Whether system calls are followed from entry to exit. */
  readonly followsSyscalls: boolean;
}

/** Programs that trace sites of one kind. */
interface Part {
  readonly programs: readonly ProgramSpec[];
  readonly maps?: readonly MapSpec[];
  /** Of the records of each site. */
  readonly layouts: readonly RecordLayout[];
}

/** Builds the probe. */
export function traceProbe(
  { syscalls, tracepoints, functions }: TraceSites,
  options: PlanOptions,
  facts: KernelFacts,
): TraceProbe {
  const plan = callPlan(options, syscalls.length + tracepoints.length + functions.length, facts);
  const { filter, follow, withResult } = options;
  // In the order of the sites' numbers.
  const parts: Part[] = [
    ...(syscalls.length === 0 ? [] : [syscallProbe(syscalls, plan)]),
    tracepointProbe(tracepoints, plan),
    functionProbe(functions, plan),
  ];
  const { ring, losses, counters } = plan;
  return {
    spec: {
      maps: [
        ...plan.maps,
        ...filterMaps(filter),
        ...(follow ? descendantMaps : []),
        ...parts.flatMap(({ maps = [] }) => maps),
      ],
      programs: [
        ...(follow ? descendantPrograms(facts.btf()) : []),
        ...parts.flatMap(({ programs }) => programs),
      ],
    },
    ring,
    losses,
    counters,
    layouts: parts.flatMap(({ layouts }) => layouts),
    functionsOnly: syscalls.length + tracepoints.length === 0,
    followsSyscalls: syscalls.length > 0 && withResult,
  };
}
