/** Reads the counters of an open session and keeps their course. */
import type { Session } from "../../bpf/session";
import { unclosed } from "./counters";
import type { DashboardProbe } from "./probe";
import type { Row } from "./report";
import { Series } from "./series";

/** A row to keep figures of. */
export interface Watched {
  readonly name: string;
  readonly unit: string;
}

export class Monitor {
  private series: readonly (readonly [Watched, Series])[] = [];
  private base = new Map<string, number>();
  private startMs: number;
  private lastMissed = 0;

  constructor(
    private readonly session: Session,
    private readonly probe: DashboardProbe,
    private readonly watched: readonly Watched[],
    private readonly windowMs: number,
    startNs: bigint,
  ) {
    this.startMs = ms(startNs);
    this.begin();
  }

  /** Starts all figures over. */
  reset(nowNs: bigint): void {
    this.base = this.counted();
    this.startMs = ms(nowNs);
    this.begin();
  }

  /** The figures of the interval that ends now. */
  read(endNs: bigint, isWhole: boolean): Row[] {
    const now = this.counted();
    const total = (name: string) => (now.get(name) ?? 0) - (this.base.get(name) ?? 0);
    return this.series.map(([{ name, unit }, series]) => {
      const sum = name === unclosed.name ? total(unclosed.plus) - total(unclosed.minus) : total(name);
      return { counter: name, unit, reading: series.add(sum, ms(endNs), isWhole), alerts: 0 };
    });
  }

  /** The figures of the whole time: what was counted in it and how fast on average. */
  summary(rows: readonly Row[], endNs: bigint): Row[] {
    const seconds = (ms(endNs) - this.startMs) / 1000;
    return rows.map((row) => {
      const { total } = row.reading;
      return { ...row, reading: { ...row.reading, count: total, rate: seconds > 0 ? total / seconds : 0 } };
    });
  }

  /** What each counter has come to since the session began, whatever was reset. */
  totals(): ReadonlyMap<string, number> {
    return this.counted();
  }

  /** The rates of the last intervals, the oldest first. */
  course(name: string): readonly number[] {
    return this.series.find(([watched]) => watched.name === name)?.[1].course ?? [];
  }

  /** How many events programs have missed since this was last asked for. */
  missed(): number {
    const total = this.session.recursionMisses();
    const since = Math.max(0, total - this.lastMissed);
    this.lastMissed = Math.max(total, this.lastMissed);
    return since;
  }

  private begin(): void {
    this.series = this.watched.map((each) => [each, new Series(this.windowMs, this.startMs)]);
  }

  /** All processors together. */
  private counted(): Map<string, number> {
    const { slots, shards, stride, values } = this.probe;
    const { words } = this.session.mappedArray(values);
    return new Map(
      slots.map((name, slot) => {
        let sum = 0n;
        for (let shard = 0; shard < shards; shard++) sum += words[shard * stride + slot] as bigint;
        return [name, Number(BigInt.asIntN(64, sum))];
      }),
    );
  }
}

function ms(ns: bigint): number {
  return Number(ns) / 1e6;
}
