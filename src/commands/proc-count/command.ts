/** proc-count: counts executions, and tells what they cost. */
import { assemble } from "../../asm/assemble";
import { listing } from "../../asm/disassemble";
import type { Kernel } from "../../bpf/kernel";
import { isPerCpu, type MapSpec } from "../../bpf/map-spec";
import type { Session } from "../../bpf/session";
import { TaskIterator, type TaskIteratorSpec } from "../../bpf/task-iterator";
import { MapFlag } from "../../core/bpf-uapi";
import { Resources } from "../../core/resources";
import { NS_PER } from "../../core/units";
import { lostTotal } from "../../output/report";
import { ExecDelta } from "../../probes/exec-delta";
import { type GroupEntry, type GroupParts, GroupWord, readGroups } from "../../probes/exec-groups";
import { defineCommand, type Outcome } from "../command";
import type { Context } from "../context";
import { type Interval, intervals } from "../intervals";
import { dumpOf, openProbe, taskFilter, tellAttached } from "../open-probe";
import { eventOptions, watchEvents } from "./events";
import { eventsProbe } from "./events-probe";
import { check, dimensionsOf, maxEntriesOf, type Options, options, sortOf } from "./options";
import { keptArgsSize, type ProbeOptions, type ProcCountProbe, procCountProbe } from "./probe";
import { execReport, type ReportOptions, type Span } from "./report";
import { type Names, rowsOf } from "./rows";

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
    if (given.dump && isByEvent) {
      await context.print(dumpOf(eventsProbe(eventOptions(given, follow, context.pid), facts).spec));
      return undefined;
    }
    if (given.dump) {
      const { spec, cost } = procCountProbe(probeOptions(given, follow, context.pid), facts);
      const iterators = cost === undefined ? [] : [cost.begin, cost.settle];
      await context.print([dumpOf(spec), ...iterators.map(dumpOfIterator)].join("\n"));
      return undefined;
    }
    const kernel = context.kernel();
    if (isByEvent) return await watchEvents(context, kernel, given);
    const probe = procCountProbe(probeOptions(given, follow, kernel.ownPid()), facts);
    using opened = new Resources();
    const session = opened.use(openProbe(kernel, probe.spec, { filter: taskFilter(given), follow }));
    const settle = opened.use(openCosts(kernel, session, probe, follow));
    tellAttached(context, probe.spec);
    const kept = keptArgsSize({ by: dimensionsOf(given), argsSize: given.argsSize }, facts);
    if (kept < given.argsSize)
      context.notice(
        `this kernel's maps keep ${kept} bytes of a command line (since Linux 5.11 all that is asked for)`,
      );
    context.notice(introduction(given, context));
    context.tracee?.start();
    // Awaited, or the session would be closed before the first report.
    return await watch(context, new Reader(context, kernel, session, probe, settle, given), session, given);
  },
});

function probeOptions(given: Options, follow: boolean, pid: number): ProbeOptions {
  const { map, argsSize, tree } = given;
  const cgroup = given.cgroup ?? given.container;
  return {
    by: dimensionsOf(given),
    cost: given.cost || tree,
    store: map ?? "hash",
    maxEntries: maxEntriesOf(given),
    argsSize,
    filter: taskFilter(given),
    cgroup: cgroup?.level === undefined ? undefined : { id: cgroup.id, level: cgroup.level },
    follow,
    ourselves: { pid },
  };
}

function introduction({ duration }: Options, { tracee }: Context): string {
  if (tracee !== undefined) return `tracing the executions of "${tracee.command.join(" ")}" until it ends`;
  return duration === undefined ? "tracing executions, Ctrl-C to end" : "tracing executions";
}

/** Charges what runs, whenever asked to. */
interface Settling extends Disposable {
  run(): void;
}

/** Takes in what runs already, unless only COMMAND and its descendants count. */
function openCosts(kernel: Kernel, session: Session, { cost }: ProcCountProbe, follow: boolean): Settling {
  if (cost === undefined) return { run: () => {}, [Symbol.dispose]: () => {} };
  const fdOf = (map: unknown) => loadedMap(session, map as MapSpec).number;
  if (!follow) {
    using begin = TaskIterator.open(kernel, cost.begin, fdOf);
    begin.run();
  }
  return TaskIterator.open(kernel, cost.settle, fdOf);
}

function loadedMap(session: Session, map: MapSpec): { readonly number: number } {
  if ((map.flags & MapFlag.BPF_F_MMAPABLE) !== 0) return session.mappedArray(map as MapSpec<number, unknown>);
  return isPerCpu(map) ? session.perCpuMap(map) : session.map(map);
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
  let startedAt = context.clock.now();
  let lost = 0;
  for await (const interval of intervals(context.clock, timing, context.signal)) {
    await reader.settle(interval.last);
    if (interval.last) session.detach();
    const endedAt = context.clock.now();
    lost += await reader.show({ startedAt, endedAt, durationNs: elapsed(interval) });
    startedAt = endedAt;
  }
  return { lost };
}

function elapsed({ startNs, endNs }: Interval): number {
  return Number(endNs - startNs);
}

/** True where nothing was counted, and with costs nobody is left to count for. */
function isIdle(words: BigUint64Array, { cost }: GroupParts): boolean {
  const counted = [GroupWord.execs, ...(cost ? [GroupWord.alive, GroupWord.exits, GroupWord.forks] : [])];
  return counted.every((word) => words[word] === 0n);
}

/** How long the last threads may take from their exit to their last switch. */
const PENDING_NS = NS_PER.s;
const PENDING_STEP_NS = NS_PER.ms;

/** Reads the session, each time what has come since the last. */
class Reader {
  private readonly delta: ExecDelta;
  private readonly lastLost = new Map<string, number>();

  constructor(
    private readonly context: Context,
    private readonly kernel: Kernel,
    private readonly session: Session,
    private readonly probe: ProcCountProbe,
    private readonly settling: Settling,
    private readonly given: Options,
  ) {
    this.delta = new ExecDelta(probe.groups.parts);
  }

  /** Charges what still runs; at the end of the run also waits for what is about to end. */
  async settle(isLast: boolean): Promise<void> {
    const { cost } = this.probe;
    if (cost === undefined) return;
    if (isLast) await this.untilEnded(cost.pending);
    this.settling.run();
  }

  private async untilEnded(pending: Parameters<Session["mappedArray"]>[0]): Promise<void> {
    const { words } = this.session.mappedArray(pending);
    const { clock } = this.context;
    const never = new AbortController().signal;
    const end = clock.monotonicNs() + BigInt(PENDING_NS);
    while (BigInt.asIntN(64, words[0] ?? 0n) > 0n && clock.monotonicNs() < end)
      await clock.sleep(PENDING_STEP_NS, never);
  }

  /** Reports what came since the last time and returns how many events were lost in it. */
  async show(span: Span): Promise<number> {
    const { get, reset, top, tree } = this.given;
    const by = dimensionsOf(this.given);
    const cost = this.given.cost || tree;
    const { groups } = this.probe;
    const { entries, lost } = readGroups(groups, this.session);
    const changed = this.delta.since(entries, this.context.clock.monotonicNs());
    const all = rowsOf(changed, by, groups.parts, this.names(changed), this.kernel.sys.pageSize);
    const rows = get === undefined ? all : all.filter(({ pid }) => pid === get);
    const whole = this.context.format !== "table";
    const options: ReportOptions = { by, cost, top, sort: sortOf(this.given), tree, whole };
    const report = execReport(rows, span, this.lostSince(lost), options);
    if (reset) this.empty(entries);
    else this.forgetTheDead(entries, changed);
    await this.context.output.report(report);
    return lostTotal(report);
  }

  /**
   * In a run of many intervals processes come and go, and the map would fill with the dead. When it is half full,
   * those that counted nothing and are gone make room: nothing can count for them any more.
   */
  private forgetTheDead(entries: readonly GroupEntry[], changed: readonly GroupEntry[]): void {
    const { map, store, parts } = this.probe.groups;
    if (!parts.name || store === "lru" || entries.length < map.maxEntries / 2) return;
    const loaded = store === "percpu" ? this.session.perCpuMap(map) : this.session.map(map);
    const { machine } = this.context;
    for (const { key, words } of changed) {
      if (!isIdle(words, parts) || machine.processOf(key.pid ?? 0) !== undefined) continue;
      loaded.delete(key);
      this.delta.forget(key);
    }
  }

  /** Empties the map; what is counted between reading and deleting an entry is not. */
  private empty(entries: readonly GroupEntry[]): void {
    const { map, store } = this.probe.groups;
    const loaded = store === "percpu" ? this.session.perCpuMap(map) : this.session.map(map);
    for (const { key } of entries) loaded.delete(key);
    this.delta.reset();
  }

  private names(entries: readonly GroupEntry[]): Names {
    const { machine } = this.context;
    const by = dimensionsOf(this.given);
    const isByCgroup = by.includes("cgroup") || by.includes("container");
    const cgroups = isByCgroup && entries.length > 0 ? machine.cgroupsById() : undefined;
    const users = by.includes("uid") ? machine.users() : undefined;
    return {
      task: (id) => machine.commOf(id),
      user: (id) => users?.nameOf(id),
      cgroup: (id) => cgroups?.get(id),
    };
  }

  private lostSince(reading: Readonly<Record<string, number>>): Record<string, number> {
    const now = { ...reading, missedRuns: this.session.recursionMisses() };
    return Object.fromEntries(
      Object.entries(now).map(([reason, total]) => {
        const before = this.lastLost.get(reason) ?? 0;
        this.lastLost.set(reason, Math.max(total, before));
        return [reason, Math.max(0, total - before)];
      }),
    );
  }
}
