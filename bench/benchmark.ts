import type { Bound } from "./bound";
import type { Peers } from "./peers";

/** What a benchmark is given. */
export interface Bench {
  /** Rounds asked for; each benchmark has its own number otherwise. */
  readonly rounds: number | undefined;
  readonly peers: Peers;
  /** Processes that traced system calls already when the benchmark began. */
  readonly residents: readonly number[];
  /** Writes a line to stdout. */
  say(line: string): void;
  /** Writes a line to stderr: how far it is, what was thrown out. */
  note(line: string): void;
}

/** Something that is measured side by side in one run. */
export interface Benchmark {
  readonly name: string;
  readonly summary: string;
  /** Says its tables and returns the bounds it has measured. */
  run(bench: Bench): Promise<readonly Bound[]>;
}
