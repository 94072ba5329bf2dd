/** Command lines that fail again and again. Pure. */
import { NS_PER } from "../../core/units";
import type { EventRow } from "./event-rows";

/** A command line that flaps. */
export interface FlappingRow {
  readonly args: readonly string[];
  /** The most failures within one minute. */
  readonly perMinute: number;
  readonly failed: number;
  readonly ended: number;
  /** The status or the signal of the last failure. */
  readonly lastStatus: string;
}

interface History {
  readonly args: readonly string[];
  /** Milliseconds, within the last minute. */
  recent: number[];
  most: number;
  failed: number;
  ended: number;
  last: string;
}

const MINUTE_MS = NS_PER.m / NS_PER.ms;

/** Watches how processes end, by command line. */
export class Flapping {
  private readonly histories = new Map<string, History>();

  /** Shows those with more than `perMinute` failures; remembers at most `most` command lines. */
  constructor(
    private readonly perMinute: number,
    private readonly most: number,
  ) {}

  ended({ args, comm, time, exitCode, signal }: EventRow): void {
    const words = args ?? [comm];
    const key = JSON.stringify(words);
    const known = this.histories.get(key);
    const history = known ?? { args: words, recent: [], most: 0, failed: 0, ended: 0, last: "" };
    if (known === undefined) this.remember(key, history);
    history.ended++;
    if (signal === undefined && exitCode === 0) return;
    const now = Date.parse(time);
    history.failed++;
    history.last = signal ?? `status ${exitCode}`;
    history.recent = [...history.recent.filter((then) => now - then < MINUTE_MS), now];
    history.most = Math.max(history.most, history.recent.length);
  }

  /** Those that flap, the fastest first. */
  rows(): FlappingRow[] {
    return [...this.histories.values()]
      .filter(({ most }) => most > this.perMinute)
      .map(({ args, most, failed, ended, last }) => ({
        args,
        perMinute: most,
        failed,
        ended,
        lastStatus: last,
      }))
      .sort((a, b) => b.perMinute - a.perMinute || b.failed - a.failed);
  }

  private remember(key: string, history: History): void {
    const [oldest] = this.histories.keys();
    if (this.histories.size >= this.most && oldest !== undefined) this.histories.delete(oldest);
    this.histories.set(key, history);
  }
}
