/** Runs trace-fn on the real kernel and gives its calls. */
import type { Kernel } from "../../../src/bpf/kernel";
import { type Ran, runCommand, type Work } from "../run-command";

/** A call as a line of NDJSON has it. */
export interface TracedCall {
  readonly time: string;
  readonly pid: number;
  readonly tid: number;
  readonly comm: string;
  readonly function: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly result?: number | string;
  readonly errno?: string;
  readonly durationNs?: number;
}

export interface End {
  readonly count: number;
  readonly filtered: number;
  readonly functions: Readonly<Record<string, number>>;
  readonly lost: Readonly<Record<string, number>>;
}

export const NOTHING_LOST = { ringFull: 0, unfollowedCalls: 0, missedRuns: 0 };

/**
 * Asks for a mechanism. fentry is what is taken by itself where it can be: before Linux 5.17 it cannot for functions
 * with pointers to numbers, as vfs_read and vfs_write have.
 */
export const viaOptions = (via: string): string[] => (via === "fentry" ? [] : ["--via", via]);

/** The calls of a program, or of a workload of the test's. */
export async function calls(
  kernel: Kernel,
  args: readonly string[],
  work: Work,
): Promise<{ calls: TracedCall[]; end: End; ran: Ran }> {
  const ran = await runCommand(kernel, ["trace-fn", ...args], work, "ndjson");
  const lines = ran.printed
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  const end = lines.pop() as End;
  return { calls: lines as TracedCall[], end, ran };
}
