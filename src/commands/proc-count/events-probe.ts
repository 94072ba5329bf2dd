/**
 * One record per execution, per end of a process and per failed attempt, through a ring buffer. Pure.
 *
 *     r6  the task, typed; at a system call the context
 *     r7  to use
 *     r9  the key in the record being made, in scratch memory of this CPU
 */
import { add, mov } from "../../asm/alu";
import { label } from "../../asm/instruction";
import { exit, jump } from "../../asm/jump";
import { load } from "../../asm/memory";
import { r0, r1, r3, r6, r7, r9 } from "../../asm/register";
import type { KernelFacts } from "../../bpf/facts";
import type { MapSpec, RingSpec } from "../../bpf/map-spec";
import type { ProbeSpec, ProgramSpec } from "../../bpf/program-spec";
import { NotSupportedError } from "../../core/errors";
import { descendantMaps, descendantPrograms } from "../../probes/descendants";
import { writeExecKey } from "../../probes/exec-key";
import { lastThreadMaps } from "../../probes/last-thread";
import { filterMaps } from "../../probes/task-filter";
import {
  type EventOptions,
  keepCurrent,
  type Layout,
  layOut,
  loadScratch,
  REST,
  roundUp,
  send,
  writeHead,
} from "./event-layout";
import { type ExecEvent, Head, Kind } from "./event-records";
import { onExit, onSwitch } from "./exit-event";
import { onFailure } from "./failure-event";

export interface EventsProbe {
  readonly spec: ProbeSpec;
  readonly ring: RingSpec<ExecEvent>;
  readonly losses: MapSpec<number, number>;
  /** The processes that are on their way out, where their ends are recorded. */
  readonly ending: MapSpec<bigint, unknown> | undefined;
}

/** Builds the probe. Throws a NotSupportedError without BTF. */
export function eventsProbe(options: EventOptions, facts: KernelFacts): EventsProbe {
  const btf = facts.btf();
  if (btf === undefined) throw new NotSupportedError("proc-count: needs BTF");
  const { execs, exits, failed, follow, filter } = options;
  const layout = layOut(options, facts, btf);
  const programs: ProgramSpec[] = [
    ...(follow ? descendantPrograms(btf) : []),
    ...(exits ? [onSwitch(layout), onExit(layout)] : []),
    ...(failed ? [onFailure(layout)] : []),
    ...(execs ? [onExec(layout)] : []),
  ];
  const { ring, losses, scratch, ending } = layout;
  const maps = [
    ring,
    losses,
    scratch,
    ...(exits ? [ending, ...lastThreadMaps(btf)] : []),
    ...filterMaps(filter),
    ...(follow ? descendantMaps : []),
  ] as MapSpec[];
  return {
    spec: { maps, programs },
    ring,
    losses,
    ending: exits ? (ending as MapSpec<bigint, unknown>) : undefined,
  };
}

function onExec(layout: Layout): ProgramSpec {
  const { btf, execKey, namespace } = layout;
  const done = label("done");
  const whole = label("whole");
  const args = execKey.offsets.args as number;
  const place = { task: r6, key: r9, spare: r7, room: roundUp(execKey.size), stack: REST };
  return {
    name: "exec_event",
    hook: { kind: "btf-raw-tracepoint", name: "sched_process_exec" },
    code: [
      [load(8, r6, r1, 0), keepCurrent(layout, done), loadScratch(layout, Head.size, done)],
      writeExecKey(btf, execKey, place, { namespace, withArgs: true }),
      writeHead(layout, Kind.exec, Head.size),
      [load(4, r3, r9, args), jump.le(r3, layout.options.argsSize, whole), mov(r3, layout.options.argsSize)],
      [whole, add(r3, args + 4), send(layout, Head.size)],
      [done, mov(r0, 0), exit()],
    ],
  };
}
