/** The processes behind one counter: counted by programs of their own, for as long as somebody looks. */
import type { Session } from "../../bpf/session";
import type { Context } from "../context";
import { openProbe, type Whose } from "../open-probe";
import type { ProcessRow } from "./frame";
import type { DashboardProbe } from "./probe";
import { processCounts, processLosses } from "./slots";

export class DrillDown implements Disposable {
  private readonly session: Session;
  private last = new Map<number, number>();
  /** Processes may end before they are looked at again. */
  private readonly names = new Map<number, string>();
  private atNs: bigint;
  private rows: readonly ProcessRow[] = [];

  constructor(
    readonly counter: string,
    private readonly context: Context,
    probe: DashboardProbe,
    whose: Whose,
  ) {
    this.session = openProbe(context.kernel(), probe.spec, whose);
    this.atNs = context.clock.monotonicNs();
  }

  get processes(): readonly ProcessRow[] {
    return this.rows;
  }

  /** Events of processes that found no room. */
  get lost(): number {
    return this.session.mappedArray(processLosses).get(0);
  }

  /** Reads what has been counted, the busiest of now first. */
  read(): void {
    const now = this.context.clock.monotonicNs();
    const seconds = Number(now - this.atNs) / 1e9;
    const counts = new Map(this.session.map(processCounts).entries());
    this.rows = [...counts]
      .map(([pid, total]) => ({
        pid,
        comm: this.nameOf(pid),
        total,
        rate: seconds > 0 ? (total - (this.last.get(pid) ?? 0)) / seconds : 0,
      }))
      .sort((a, b) => b.rate - a.rate || b.total - a.total);
    this.last = counts;
    this.atNs = now;
  }

  private nameOf(pid: number): string {
    const name = this.context.machine.commOf(pid) ?? this.names.get(pid) ?? "(ended)";
    this.names.set(pid, name);
    return name;
  }

  [Symbol.dispose](): void {
    this.session[Symbol.dispose]();
  }
}
