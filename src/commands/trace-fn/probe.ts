/** Chosen sites and options to programs and maps. Pure. */
import { mov } from "../../asm/alu";
import { label } from "../../asm/instruction";
import { exit } from "../../asm/jump";
import { r0 } from "../../asm/register";
import type { KernelFacts } from "../../bpf/facts";
import type { MapSpec } from "../../bpf/map-spec";
import type { ProbeSpec, ProgramSpec } from "../../bpf/program-spec";
import {
  type CallPlan,
  callPlan,
  keepCurrent,
  keepTraced,
  type PlanOptions,
  STACK_PLACES,
} from "../../probes/calls/call-plan";
import type { RecordLayout } from "../../probes/calls/call-record";
import { announceProcess, type CallStacks } from "../../probes/calls/call-stacks";
import { type FunctionProbe, type FunctionSite, functionProbe } from "../../probes/calls/function-calls";
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

export interface TraceProbe extends Pick<CallPlan, "ring" | "losses" | "filtered" | "counters" | "stacks"> {
  /** All of it, if the kernel refuses nothing. */
  readonly spec: ProbeSpec;
  /** The maps, and the programs that are not at functions. */
  readonly fixed: ProbeSpec;
  readonly functions: Pick<FunctionProbe, "units" | "unitsOf">;
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
  const parts: Part[] = [
    ...(syscalls.length === 0 ? [] : [syscallProbe(syscalls, plan)]),
    tracepointProbe(tracepoints, plan),
  ];
  const atFunctions = functionProbe(functions, plan);
  // In the order of the sites' numbers.
  const all = [...parts, { ...atFunctions, programs: [] }];
  const maps = [
    ...plan.maps,
    ...filterMaps(filter),
    ...(follow ? descendantMaps : []),
    ...all.flatMap((part) => part.maps ?? []),
  ];
  const { ring, losses, filtered, counters, stacks } = plan;
  const programs = [
    ...(follow ? descendantPrograms(facts.btf()) : []),
    ...(stacks?.halves.user ? [meetOnExec(plan, stacks)] : []),
    ...parts.flatMap((part) => part.programs),
  ];
  return {
    spec: { maps, programs: [...programs, ...atFunctions.units.flatMap((unit) => unit.programs)] },
    fixed: { maps, programs },
    functions: atFunctions,
    ring,
    losses,
    filtered,
    counters,
    stacks,
    layouts: all.flatMap(({ layouts }) => layouts),
    functionsOnly: syscalls.length + tracepoints.length === 0,
    followsSyscalls: syscalls.length > 0 && withResult,
  };
}

/** A process is looked at as soon as it has become another program: it may end before its first stack is read. */
function meetOnExec(plan: CallPlan, stacks: CallStacks): ProgramSpec {
  const drop = label("drop");
  return {
    name: "meet_on_exec",
    hook: { kind: "raw-tracepoint", name: "sched_process_exec" },
    code: [
      [keepTraced(plan, drop), keepCurrent(plan, drop)],
      announceProcess(stacks, plan.facts, STACK_PLACES),
      [drop, mov(r0, 0), exit()],
    ],
  };
}
