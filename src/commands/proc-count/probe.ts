/**
 * Options to programs and maps. Pure: the same options and facts give the same bytes.
 *
 * Counting takes sched_process_exec alone. For costs every thread has a state: the key of its group, and what was
 * charged of it already. A fork passes the key on, an exec charges the old group and begins anew, and the rest is
 * charged when the dead thread leaves its processor for the last time: only then is its time complete. What runs
 * before and after the measurement is seen by iterators that walk all threads.
 */
import type { KernelFacts } from "../../bpf/facts";
import type { MapSpec } from "../../bpf/map-spec";
import type { ProbeSpec, ProgramSpec } from "../../bpf/program-spec";
import type { TaskIteratorSpec } from "../../bpf/task-iterator";
import { NotSupportedError } from "../../core/errors";
import { descendantMaps, descendantPrograms } from "../../probes/descendants";
import type { Groups } from "../../probes/exec-groups";
import { lastThreadMaps } from "../../probes/last-thread";
import { filterMaps } from "../../probes/task-filter";
import { onExit, onSwitch } from "./end-programs";
import { onExec } from "./exec-program";
import { onFork } from "./fork-program";
import { layOut, type ProbeOptions } from "./layout";
import { begin, settle } from "./walks";

/** What there is for costs only. */
export interface CostProbe {
  /** Takes in what runs already. */
  readonly begin: TaskIteratorSpec;
  /** Charges what still runs. */
  readonly settle: TaskIteratorSpec;
  /** Threads that are about to end and not charged in full yet. */
  readonly pending: MapSpec<number, number>;
}

/** The probe, and where its results will lie. */
export interface ProcCountProbe {
  readonly spec: ProbeSpec;
  readonly groups: Groups;
  readonly cost: CostProbe | undefined;
}

/** Builds the probe. Throws a NotSupportedError without BTF. */
export function procCountProbe(options: ProbeOptions, facts: KernelFacts): ProcCountProbe {
  const btf = facts.btf();
  if (btf === undefined)
    throw new NotSupportedError("proc-count: needs BTF", {
      hint: "this kernel has no /sys/kernel/btf/vmlinux (CONFIG_DEBUG_INFO_BTF)",
    });
  const layout = layOut(options, facts, btf);
  const { cost, follow, filter } = options;
  const { groups, scratch, tasks, pending } = layout;
  const programs: ProgramSpec[] = [
    ...(follow ? descendantPrograms(btf) : []),
    ...(cost ? [onSwitch(layout), onExit(layout), onFork(layout)] : []),
    onExec(layout),
  ];
  const maps = [
    ...groups.maps,
    scratch,
    ...(cost ? [tasks, pending, ...lastThreadMaps(btf)] : []),
    ...filterMaps(filter),
    ...(follow ? descendantMaps : []),
  ] as MapSpec[];
  const costs = cost ? { begin: begin(layout), settle: settle(layout), pending } : undefined;
  return { spec: { maps, programs }, groups, cost: costs };
}
