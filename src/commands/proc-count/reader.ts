/** Reads what proc-count has counted and reports it. */
import type { Kernel } from "../../bpf/kernel";
import type { MapSpec } from "../../bpf/map-spec";
import type { Session } from "../../bpf/session";
import { NS_PER } from "../../core/units";
import { lostTotal } from "../../output/report";
import { ExecDelta } from "../../probes/exec-delta";
import { type GroupEntry, GroupReader } from "../../probes/exec-group-reader";
import { type GroupParts, GroupWord } from "../../probes/exec-groups";
import type { Context } from "../context";
import type { Metric } from "../metric";
import type { Settling } from "./costs";
import { processMetrics } from "./metrics";
import { dimensionsOf, type Options, sortOf } from "./options";
import type { ProcCountProbe } from "./probe";
import { execReport, type ReportOptions, type Span } from "./report";
import { type ExecRow, type Names, rowsOf } from "./rows";

/** How long the last threads may take from their exit to their last switch. */
const PENDING_NS = NS_PER.s;
const PENDING_STEP_NS = NS_PER.ms;

/** Reads the session, each time what has come since the last. */
export class Reader {
  private readonly groups: GroupReader;
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
    this.groups = new GroupReader(probe.groups, session);
    this.delta = new ExecDelta(probe.groups.parts);
  }

  /** Charges what still runs; at the end of the run also waits for what is about to end. */
  async settle(isLast: boolean): Promise<void> {
    const { cost } = this.probe;
    if (cost === undefined) return;
    if (isLast) await this.untilEnded(cost.pending);
    this.settling.run();
  }

  /** Reports what came since the last time and returns how many events were lost in it. The last time nothing counts. */
  async show(span: Span, isLast: boolean): Promise<number> {
    const { reset, top, tree } = this.given;
    const by = dimensionsOf(this.given);
    const cost = this.given.cost || tree;
    const { entries, lost } = this.groups.read();
    const changed = this.delta.since(entries, this.context.clock.monotonicNs());
    const rows = this.rows(changed);
    const whole = this.context.format !== "table";
    const { seen } = this.probe.groups;
    const evicted = seen === undefined ? undefined : isLast ? "exact" : "estimated";
    const options: ReportOptions = { by, cost, top, sort: sortOf(this.given), tree, whole, evicted };
    const report = execReport(rows, span, this.lostSince(lost), options);
    if (reset) this.delta.reset();
    else this.forgetTheDead(changed);
    await this.context.output.report(report);
    return lostTotal(report);
  }

  /** What Prometheus fetches: all groups since the beginning. */
  metrics(): Metric[] {
    this.settling.run();
    const { entries, lost } = this.groups.read();
    const { parts } = this.probe.groups;
    const all = new ExecDelta(parts).since(entries, this.context.clock.monotonicNs());
    const rows = this.rows(all);
    return processMetrics(rows, this.lostSoFar(lost), { by: dimensionsOf(this.given), cost: parts.cost });
  }

  private async untilEnded(pending: MapSpec<number, number>): Promise<void> {
    const { words } = this.session.mappedArray(pending);
    const { clock } = this.context;
    const never = new AbortController().signal;
    const end = clock.monotonicNs() + BigInt(PENDING_NS);
    while (BigInt.asIntN(64, words[0] ?? 0n) > 0n && clock.monotonicNs() < end)
      await clock.sleep(PENDING_STEP_NS, never);
  }

  /**
   * In a run of many intervals processes come and go, and the map would fill with the dead. When it is half full,
   * those that counted nothing and are gone make room: nothing can count for them any more.
   */
  private forgetTheDead(changed: readonly GroupEntry[]): void {
    const { map, store, parts } = this.probe.groups;
    if (!parts.name || store === "lru" || changed.length < map.maxEntries / 2) return;
    const { machine } = this.context;
    for (const entry of changed) {
      if (!isIdle(entry.words, parts) || machine.processOf(entry.key.pid ?? 0) !== undefined) continue;
      this.groups.remove(entry);
      this.delta.forget(entry.key);
    }
  }

  private rows(entries: readonly GroupEntry[]): ExecRow[] {
    const { get } = this.given;
    const { parts } = this.probe.groups;
    const { pageSize } = this.kernel.sys;
    const all = rowsOf(entries, dimensionsOf(this.given), parts, this.names(entries), pageSize);
    return get === undefined ? all : all.filter(({ pid }) => pid === get);
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

  private lostSoFar(reading: Readonly<Record<string, number>>): Record<string, number> {
    return { ...reading, missedRuns: this.session.recursionMisses() };
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
}

/** True where nothing was counted, and with costs nobody is left to count for. */
function isIdle(words: BigUint64Array, { cost }: GroupParts): boolean {
  const counted = [GroupWord.execs, ...(cost ? [GroupWord.alive, GroupWord.exits, GroupWord.forks] : [])];
  return counted.every((word) => words[word] === 0n);
}
