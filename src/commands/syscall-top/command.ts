/** syscall-top: counts system calls, times them, and tells who makes them and which fail. */
import type { Kernel } from "../../bpf/kernel";
import type { Session } from "../../bpf/session";
import { NS_PER } from "../../core/units";
import { lostTotal } from "../../output/report";
import type { GroupKey } from "../../probes/group-key";
import type { Ourselves } from "../../probes/ourselves";
import { recognisesCompat } from "../../probes/syscall-abi";
import { forgetKeys, readTally, type Tally, type TallyEntry } from "../../probes/tally";
import { keyText, TallyDelta } from "../../probes/tally-delta";
import { callsInProgress, lostCalls } from "../../probes/thread-calls";
import { nativeAbi } from "../../symbols/syscalls";
import { defineCommand, type Outcome } from "../command";
import type { Context } from "../context";
import { type Interval, intervals } from "../intervals";
import { dumpOf, openProbe, ourselves, taskFilter, tellAttached } from "../open-probe";
import { inFlightReport, inFlightRows } from "./in-flight";
import { listReport } from "./list";
import { check, maxEntriesOf, type Options, options, sortOf, storeOf } from "./options";
import { countsFailuresOnly, type ProbeOptions, type SyscallTopProbe, syscallTopProbe } from "./probe";
import { type ReportOptions, type Span, syscallReport } from "./report";
import { type Names, rowsOf } from "./rows";

export const syscallTop = defineCommand({
  name: "syscall-top",
  summary: "Rank system calls by count, time or errors",
  description:
    "Counts the system calls of the whole machine, or of what the filters let pass, in the kernel.\n" +
    "With --latency, --errors or -x a call counts when it returns; otherwise when it is entered.",
  options,
  takesCommand: true,
  examples: [
    ["syscall-top -d 5", "what is called most, over five seconds"],
    ["syscall-top --latency -p 1234 -i 1", "how long the calls of a process take, every second"],
    ["syscall-top --by process,syscall -n 20", "which process makes which call"],
    ["syscall-top -x --by errno,syscall", "what fails, and how"],
    ["syscall-top --syscall '%network' --by container", "network calls by container"],
    ["syscall-top --in-flight -d 1", "who waits in which call, and for how long"],
    ["syscall-top --json -- make -j8", "the calls of a build, as JSON"],
  ],
  check,
  async run(context, given): Promise<Outcome | undefined> {
    if (given.list) {
      await context.output.report(
        listReport(nativeAbi(context.facts().arch), given.syscall, context.clock.now()),
      );
      return undefined;
    }
    const facts = context.facts();
    const follow = context.tracee !== undefined;
    if (given.dump) {
      await context.print(
        dumpOf(syscallTopProbe(probeOptions(given, follow, { pid: context.pid, code: [] }), facts).spec),
      );
      return undefined;
    }
    const kernel = context.kernel();
    const probe = syscallTopProbe(probeOptions(given, follow, ourselves(context, kernel)), facts);
    using session = openProbe(kernel, probe.spec, { filter: taskFilter(given), follow });
    tellAttached(context, probe.spec);
    if (!recognisesCompat(facts))
      context.notice("this kernel has no BTF: 32-bit system calls cannot be told from 64-bit ones");
    context.notice(introduction(given, context));
    context.tracee?.start();
    // Awaited, or the session would be closed before the first report.
    return await watch(context, kernel, session, probe, given);
  },
});

function probeOptions(given: Options, follow: boolean, ourselves: Ourselves): ProbeOptions {
  const { by, latency, errors, failed, errno, inFlight, syscall } = given;
  return {
    by,
    latency,
    errors,
    failedOnly: failed,
    errno,
    inFlight,
    selection: syscall,
    filter: taskFilter(given),
    follow,
    store: storeOf(given),
    maxEntries: maxEntriesOf(given),
    ourselves,
  };
}

function introduction({ duration }: Options, { tracee }: Context): string {
  if (tracee !== undefined) return `tracing the system calls of "${tracee.command.join(" ")}" until it ends`;
  return duration === undefined ? "tracing system calls, Ctrl-C to end" : "tracing system calls";
}

/** How often a live table is redrawn unless told. */
const LIVE_INTERVAL_NS = NS_PER.s;

/** Reports each interval until the end; before the last one the programs are detached. */
async function watch(
  context: Context,
  kernel: Kernel,
  session: Session,
  probe: SyscallTopProbe,
  given: Options,
): Promise<Outcome> {
  const intervalNs = given.interval ?? (given.live ? LIVE_INTERVAL_NS : undefined);
  const timing = { intervalNs, durationNs: given.duration };
  const reader = new Reader(context, kernel, session, probe, given);
  let startedAt = context.clock.now();
  let lost = 0;
  for await (const interval of intervals(context.clock, timing, context.signal)) {
    if (interval.last) session.detach();
    const endedAt = context.clock.now();
    lost += await reader.show(interval, { startedAt, endedAt, durationNs: elapsed(interval) });
    startedAt = endedAt;
  }
  return { lost };
}

function taskOf({ tid, pid }: GroupKey): number {
  return tid ?? pid ?? 0;
}

function elapsed({ startNs, endNs }: Interval): number {
  return Number(endNs - startNs);
}

/** Reads the session, each time what has come since the last. */
class Reader {
  private readonly delta = new TallyDelta();
  private readonly lastLost = new Map<string, number>();
  private readonly reportOptions: ReportOptions;

  constructor(
    private readonly context: Context,
    private readonly kernel: Kernel,
    private readonly session: Session,
    private readonly probe: SyscallTopProbe,
    private readonly given: Options,
  ) {
    const { by, latency, errors, failed, errno, top, chart } = given;
    const failuresOnly = countsFailuresOnly({ by, failedOnly: failed, errno });
    this.reportOptions = { by, latency, errors, failuresOnly, top, sort: sortOf(given), chart };
  }

  /** Reports an interval and returns how many events were lost in it. */
  async show(interval: Interval, span: Span): Promise<number> {
    const { tally } = this.probe;
    const { output } = this.context;
    if (tally === undefined) {
      const report = this.inFlight(interval, span);
      await output.report(report);
      return lostTotal(report);
    }
    const report = this.counted(tally, span);
    await output.report(report);
    return lostTotal(report);
  }

  private inFlight(interval: Interval, span: Span) {
    const native = nativeAbi(this.kernel.facts.arch);
    const name = (tid: number) => this.context.machine.commOf(tid);
    const rows = inFlightRows(callsInProgress(this.session), interval.endNs, native, name);
    return inFlightReport(rows, span, this.lostSince({}), this.given.top);
  }

  private counted(tally: Tally, span: Span) {
    const { entries, mapFull, evicted } = readTally(tally, this.session);
    const changed = this.delta.since(entries);
    const { by, failuresOnly } = this.reportOptions;
    const rows = rowsOf(changed, by, this.names(), failuresOnly);
    this.forgetTheDead(tally, entries, changed);
    return syscallReport(rows, span, this.lostSince({ mapFull, evicted }), this.reportOptions);
  }

  /**
   * In a run of many intervals tasks come and go, and the map would fill with the dead. When it is half full,
   * those that counted nothing and are gone make room: nothing can count for them any more.
   */
  private forgetTheDead(tally: Tally, entries: readonly TallyEntry[], changed: readonly TallyEntry[]): void {
    const { names } = this.probe;
    if (names === undefined || tally.options.store === "lru") return;
    if (entries.length < tally.options.maxEntries / 2) return;
    const busy = new Set(changed.map(({ key }) => keyText(key)));
    const idle = entries.map(({ key }) => key).filter((key) => !busy.has(keyText(key)));
    const dead = idle.filter((key) => this.context.machine.processOf(taskOf(key)) === undefined);
    forgetKeys(tally, this.session, dead);
    for (const key of dead) {
      this.delta.forget(key);
      this.session.map(names).delete(taskOf(key));
    }
  }

  private names(): Names {
    const noted = this.probe.names;
    const tasks = noted === undefined ? undefined : new Map(this.session.map(noted).entries());
    const isByCgroup = this.given.by.includes("cgroup") || this.given.by.includes("container");
    const cgroups = isByCgroup ? this.context.machine.cgroupsById() : undefined;
    return {
      native: nativeAbi(this.kernel.facts.arch),
      // An LRU map may have evicted the name of a task that is still counted.
      task: (id) => tasks?.get(id) ?? this.context.machine.commOf(id),
      cgroup: (id) => cgroups?.get(id),
    };
  }

  private lostSince(reading: Readonly<Record<string, number>>): Record<string, number> {
    const now = {
      ...reading,
      unfollowedCalls: this.unfollowed(),
      missedRuns: this.session.recursionMisses(),
    };
    return Object.fromEntries(
      Object.entries(now).map(([reason, total]) => {
        const before = this.lastLost.get(reason) ?? 0;
        this.lastLost.set(reason, Math.max(total, before));
        return [reason, Math.max(0, total - before)];
      }),
    );
  }

  private unfollowed(): number {
    return this.probe.followsCalls ? lostCalls(this.session) : 0;
  }
}
