/** proc-count: counts executions, and tells what they cost. */
import { assemble } from "../../asm/assemble";
import { listing } from "../../asm/disassemble";
import { type OwnIds, ownIds } from "../../bpf/own-ids";
import type { Session } from "../../bpf/session";
import type { TaskIteratorSpec } from "../../bpf/task-iterator";
import { Resources } from "../../core/resources";
import { NS_PER } from "../../core/units";
import { beginGroups } from "../../probes/exec-group-reader";
import { defineCommand, type Outcome } from "../command";
import type { Context } from "../context";
import { type Interval, intervals } from "../intervals";
import { dumpOf, openProbe, taskFilter, tellAttached } from "../open-probe";
import { serveMetrics } from "../prometheus";
import { openCosts } from "./costs";
import { eventOptions, watchEvents } from "./events";
import { eventsProbe } from "./events-probe";
import { introduction } from "./introduction";
import { keptArgsSize, type ProbeOptions } from "./layout";
import { check, dimensionsOf, maxEntriesOf, type Options, options } from "./options";
import { procCountProbe } from "./probe";
import { Reader } from "./reader";

export const procCount = defineCommand({
  name: "proc-count",
  summary: "Count who executes what, and what it costs",
  description:
    "Counts the executions of programs on the whole machine, or of what the filters let pass, in the kernel.\n" +
    "With --cost every group shows what all its processes cost, dead and alive; one that runs longer than the " +
    "measurement is charged for the time in between.",
  options,
  takesCommand: true,
  examples: [
    ["proc-count -d 10", "what is executed most, over ten seconds"],
    ["proc-count --by pid -i 1", "which processes execute, every second"],
    ["proc-count --cost -- make -j8", "the bill of a build"],
    ["proc-count --by parent,comm -d 60", "who starts what"],
    ["proc-count --by args --cost -n 10 -d 60", "the ten most expensive command lines"],
    ["proc-count --events --exit", "every start and end, with arguments, status and cost"],
    ["proc-count -x -d 10", "what fails to start, and why"],
    ["proc-count --tree -d 10", "the process tree with the cost of each branch"],
    ["proc-count --flapping 5/min -d 5m", "what restarts again and again"],
    ["proc-count --by container --cost --json -d 60", "the CPU time of each container, as JSON"],
  ],
  check,
  async run(context, given): Promise<Outcome | undefined> {
    const facts = context.facts();
    const follow = context.tracee !== undefined;
    const isByEvent = given.events || given.failed || given.flapping !== undefined;
    if (given.dump) {
      await context.print(isByEvent ? dumpOfEvents(given, context) : dumpOfCounts(given, context));
      return undefined;
    }
    const kernel = context.kernel();
    if (isByEvent) return await watchEvents(context, kernel, given);
    const probe = procCountProbe(probeOptions(given, follow, ownIds(kernel)), facts);
    using opened = new Resources();
    const fill = (session: Session) => beginGroups(probe.groups, session);
    const session = opened.use(openProbe(kernel, probe.spec, { filter: taskFilter(given), follow, fill }));
    const settle = opened.use(openCosts(kernel, session, probe, follow));
    const reader = new Reader(context, kernel, session, probe, settle, given);
    tellAttached(context, probe.spec);
    const kept = keptArgsSize({ by: dimensionsOf(given), argsSize: given.argsSize }, facts);
    if (kept < given.argsSize)
      context.notice(
        `this kernel's maps keep ${kept} bytes of a command line (since Linux 5.11 all that is asked for)`,
      );
    context.notice(introduction(given, context));
    context.tracee?.start();
    // Awaited, or the session would be closed before the first report.
    return await watch(context, reader, session, given);
  },
});

function probeOptions(given: Options, follow: boolean, ourselves: OwnIds): ProbeOptions {
  const { map, argsSize, tree, reset } = given;
  return {
    by: dimensionsOf(given),
    cost: given.cost || tree,
    store: map ?? "hash",
    maxEntries: maxEntriesOf(given),
    argsSize,
    filter: taskFilter(given),
    cgroup: (given.cgroup ?? given.container)?.id,
    follow,
    ourselves,
    reset,
  };
}

/** What `--dump` takes bpfkit's ids for, which it has no right to ask for. */
function assumedIds({ pid }: Context): OwnIds {
  return { pid, level: 1 };
}

function dumpOfEvents(given: Options, context: Context): string {
  const asked = eventOptions(given, context.tracee !== undefined, assumedIds(context));
  return dumpOf(eventsProbe(asked, context.facts()).spec);
}

function dumpOfCounts(given: Options, context: Context): string {
  const asked = probeOptions(given, context.tracee !== undefined, assumedIds(context));
  const { spec, cost } = procCountProbe(asked, context.facts());
  const iterators = cost === undefined ? [] : [cost.begin, cost.settle];
  return [dumpOf(spec), ...iterators.map(dumpOfIterator)].join("\n");
}

function dumpOfIterator({ name, code }: TaskIteratorSpec): string {
  return `; ${name} for each thread\n${listing(assemble(code))}`;
}

/** How often a live table is redrawn unless told. */
const LIVE_INTERVAL_NS = NS_PER.s;

/** Reports each interval until the end; before the last one the programs are detached. */
async function watch(context: Context, reader: Reader, session: Session, given: Options): Promise<Outcome> {
  const intervalNs = given.interval ?? (given.live ? LIVE_INTERVAL_NS : undefined);
  const timing = { intervalNs, durationNs: given.duration };
  using _exporter = await serveMetrics(context, given.prometheus, () => reader.metrics());
  let startedAt = context.clock.now();
  let lost = 0;
  for await (const interval of intervals(context.clock, timing, context.signal)) {
    await reader.settle(interval.last);
    if (interval.last) session.detach();
    const endedAt = context.clock.now();
    lost += await reader.show({ startedAt, endedAt, durationNs: elapsed(interval) }, interval.last);
    startedAt = endedAt;
  }
  return { lost };
}

function elapsed({ startNs, endNs }: Interval): number {
  return Number(endNs - startNs);
}
