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
  /** When it failed, in milliseconds: from the index `first` on within a minute before the last. */
  times: number[];
  first: number;
  most: number;
  failed: number;
  ended: number;
  last: string;
}

const MINUTE_MS = NS_PER.m / NS_PER.ms;

/** Watches how processes end, by command line. */
export class Flapping {
  /** The one that ended longest ago comes first. */
  private readonly histories = new Map<string, History>();
  /** Command lines that had failed and were forgotten, to make room. */
  forgotten = 0;

  /** Shows those with more than `perMinute` failures; remembers at most `most` command lines. */
  constructor(
    private readonly perMinute: number,
    private readonly most: number,
  ) {}

  ended({ args, comm, time, exitCode, signal }: EventRow): void {
    const words = args ?? [comm];
    const key = JSON.stringify(words);
    const history = this.histories.get(key) ?? startOf(words);
    this.remember(key, history);
    history.ended++;
    if (signal === undefined && exitCode === 0) return;
    history.failed++;
    history.last = signal ?? `status ${exitCode}`;
    noteFailure(history, Date.parse(time));
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
    this.histories.delete(key);
    const [oldest] = this.histories;
    if (this.histories.size >= this.most && oldest !== undefined) {
      this.histories.delete(oldest[0]);
      if (oldest[1].failed > 0) this.forgotten++;
    }
    this.histories.set(key, history);
  }
}

function startOf(args: readonly string[]): History {
  return { args, times: [], first: 0, most: 0, failed: 0, ended: 0, last: "" };
}

/** How many old times may stay in front of the others. */
const OLD_TIMES = 1024;

function noteFailure(history: History, now: number): void {
  const { times } = history;
  times.push(now);
  while (now - times[history.first]! >= MINUTE_MS) history.first++;
  if (history.first > OLD_TIMES) {
    times.splice(0, history.first);
    history.first = 0;
  }
  history.most = Math.max(history.most, times.length - history.first);
}
