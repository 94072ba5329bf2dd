/** Chosen sites and options to programs and maps. Pure. */
import type { KernelFacts } from "../../bpf/facts";
import type { MapSpec, RingSpec } from "../../bpf/map-spec";
import type { ProbeSpec, ProgramSpec } from "../../bpf/program-spec";
import { callPlan, type PlanOptions } from "../../probes/calls/call-plan";
import type { RecordLayout } from "../../probes/calls/call-record";
import type { SiteCounters } from "../../probes/calls/site-counters";
import { type SyscallSite, syscallProbe } from "../../probes/calls/syscall-calls";
import { descendantMaps, descendantPrograms } from "../../probes/descendants";
import { filterMaps } from "../../probes/task-filter";

/** What is traced, by kind. The sites of all kinds together are numbered from 0. */
export interface TraceSites {
  readonly syscalls: readonly SyscallSite[];
}

export interface TraceProbe {
  readonly spec: ProbeSpec;
  readonly ring: RingSpec<Uint8Array>;
  /** Records that found the ring buffer full. */
  readonly losses: MapSpec<number, number>;
  readonly counters: SiteCounters;
  /** Of the records, by site. */
  readonly layouts: readonly RecordLayout[];
  /** Whether system calls are followed from entry to exit. */
  readonly followsSyscalls: boolean;
}

/** Builds the probe. */
export function traceProbe({ syscalls }: TraceSites, options: PlanOptions, facts: KernelFacts): TraceProbe {
  const plan = callPlan(options, syscalls.length, facts);
  const layouts: RecordLayout[] = [];
  const programs: ProgramSpec[] = options.follow ? [...descendantPrograms(facts.btf())] : [];
  const maps: MapSpec[] = [
    ...plan.maps,
    ...filterMaps(options.filter),
    ...(options.follow ? descendantMaps : []),
  ];
  if (syscalls.length > 0) {
    const probe = syscallProbe(syscalls, plan);
    programs.push(...probe.programs);
    maps.push(...probe.maps);
    syscalls.forEach(({ site }, i) => {
      layouts[site] = probe.layouts[i] as RecordLayout;
    });
  }
  const { ring, losses, counters } = plan;
  return {
    spec: { maps, programs },
    ring,
    losses,
    counters,
    layouts,
    followsSyscalls: syscalls.length > 0 && options.withResult,
  };
}
