/** Reads what syscall-top has counted and reports it. */
import type { Kernel } from "../../bpf/kernel";
import type { Session } from "../../bpf/session";
import { lostTotal } from "../../output/report";
import type { GroupKey } from "../../probes/group-key";
import { forgetKeys, readTally, type Tally, type TallyEntry } from "../../probes/tally";
import { keyText, TallyDelta } from "../../probes/tally-delta";
import { callsInProgress, lostCalls } from "../../probes/thread-calls";
import { nativeAbi } from "../../symbols/syscalls";
import type { Context } from "../context";
import type { Interval } from "../intervals";
import type { Metric } from "../metric";
import { inFlightReport, inFlightRows } from "./in-flight";
import { syscallMetrics } from "./metrics";
import { type Options, sortOf } from "./options";
import { countsFailuresOnly, type SyscallTopProbe } from "./probe";
import { type ReportOptions, type Span, syscallReport } from "./report";
import { labelledStats, type Names, rowsOf } from "./rows";

/** Reads the session, each time what has come since the last. */
export class Reader {
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

  /** What Prometheus fetches: all groups since the beginning. */
  metrics(): Metric[] {
    const { tally } = this.probe;
    if (tally === undefined) return [];
    const { entries, mapFull, evicted } = readTally(tally, this.session);
    const groups = labelledStats(entries, this.reportOptions.by, this.names());
    return syscallMetrics(groups, this.lostSoFar({ mapFull, evicted }), this.reportOptions);
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

  private lostSoFar(reading: Readonly<Record<string, number>>): Record<string, number> {
    return { ...reading, unfollowedCalls: this.unfollowed(), missedRuns: this.session.recursionMisses() };
  }

  private lostSince(reading: Readonly<Record<string, number>>): Record<string, number> {
    return Object.fromEntries(
      Object.entries(this.lostSoFar(reading)).map(([reason, total]) => {
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

function taskOf({ tid, pid }: GroupKey): number {
  return tid ?? pid ?? 0;
}
