/**
 * How a run is ended from outside. The first SIGINT, SIGTERM or SIGHUP asks for the final report; a second one ends
 * at once. With a tracee the first one is the tracee's: the run ends with it.
 */
import { readFileSync } from "node:fs";
import { constants } from "node:os";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
type Ending = (typeof SIGNALS)[number];

/** What is needed of `process`. */
export interface SignalSource {
  on(name: Ending, listener: (name: Ending) => void): unknown;
  off(name: Ending, listener: (name: Ending) => void): unknown;
  /** Ends at once. What listens to "exit" puts the terminal in order. */
  exit(code: number): unknown;
}

/** The started program, as far as signals go. */
export interface SignalTarget {
  readonly running: boolean;
  kill(signal: NodeJS.Signals): void;
}

/** Turns signals into an AbortSignal until it is disposed. */
export class Interruption implements Disposable {
  private readonly controller = new AbortController();
  private readonly listener = (name: Ending) => this.receive(name);
  private received = false;

  constructor(
    private readonly source: SignalSource,
    private readonly tracee?: SignalTarget,
    private readonly inForeground: () => boolean = isForeground,
  ) {
    for (const name of SIGNALS) source.on(name, this.listener);
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Ends the run for a reason of our own: the tracee has ended, or nobody reads the output. */
  abort(): void {
    this.controller.abort();
  }

  [Symbol.dispose](): void {
    for (const name of SIGNALS) this.source.off(name, this.listener);
  }

  private receive(name: Ending): void {
    if (this.received) {
      this.source.exit(128 + constants.signals[name]);
      return;
    }
    this.received = true;
    if (this.tracee?.running !== true) this.abort();
    // Ctrl-C in a terminal reaches the whole foreground group, the tracee included: once is enough.
    else if (name !== "SIGINT" || !this.inForeground()) this.tracee.kill(name);
  }
}

/** Whether our process group is the one that the terminal's keys send signals to: proc(5), pgrp and tpgid. */
export function isForeground(stat = readStat()): boolean {
  // The name, in brackets, may hold blanks and brackets itself.
  const [, , , group, , , foreground] = stat.slice(stat.lastIndexOf(")") + 1).split(" ");
  return group !== undefined && group === foreground;
}

function readStat(): string {
  try {
    return readFileSync("/proc/self/stat", "utf8");
  } catch {
    return "";
  }
}
