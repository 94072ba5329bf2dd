/** Runs syscall-top on the real kernel, with the workload of a test between its start and its end. */

import type { Kernel } from "../../../src/bpf/kernel";
import { systemClock } from "../../../src/cli/clock";
import { parseCommandLine } from "../../../src/cli/command-line";
import { thisMachine } from "../../../src/cli/machine";
import { commands } from "../../../src/commands";
import type { Outcome } from "../../../src/commands/command";
import type { Context } from "../../../src/commands/context";
import { CapturedOutput } from "../../../src/output/capture";
import type { Json } from "../../../src/output/report";

type Row = Record<string, Json>;

/** What a run found. */
export interface Traced {
  readonly output: CapturedOutput;
  readonly rows: readonly Row[];
  readonly totals: Row;
  readonly lost: Readonly<Record<string, number>>;
  readonly outcome: Outcome | undefined;
  readonly printed: string;
}

/**
 * Runs `bpfkit syscall-top` with these arguments in this process. `workload` runs once everything is attached; when
 * it is done, so is the run. Our own process counts only with `-p` or `-t`.
 */
export async function traced(
  kernel: Kernel,
  args: readonly string[],
  workload: (output: CapturedOutput) => void | Promise<void>,
): Promise<Traced> {
  const machine = thisMachine();
  const invocation = parseCommandLine(["syscall-top", ...args], commands, machine);
  if (invocation.kind !== "run") throw new Error("syscall-top answered instead of running");
  const ending = new AbortController();
  const output = new CapturedOutput();
  const printed: string[] = [];
  let worked: Promise<void> | undefined;
  const context: Context = {
    kernel: () => kernel,
    facts: () => kernel.facts,
    output,
    print: async (text) => {
      printed.push(text);
    },
    format: "table",
    signal: ending.signal,
    clock: systemClock,
    machine,
    tracee: undefined,
    notice: (text) => {
      // It says so once everything is attached.
      if (text.startsWith("tracing"))
        worked = Promise.resolve()
          .then(() => workload(output))
          .finally(() => ending.abort());
    },
    detail: () => {},
    verbosity: 0,
    pid: process.pid,
    version: "0.0.0",
  };
  const outcome = (await invocation.command.run(context, invocation.options as never, invocation.words)) as
    | Outcome
    | undefined;
  await worked;
  const last = output.reports.at(-1);
  return {
    output,
    rows: output.reports.length === 0 ? [] : output.rows(),
    totals: (last?.totals ?? {}) as Row,
    lost: last?.lost ?? {},
    outcome,
    printed: printed.join(""),
  };
}

/** The row whose columns have these values. Throws where there is none, with what there is. */
export function rowWith(rows: readonly Row[], wanted: Row): Row {
  const found = rows.filter((row) => Object.entries(wanted).every(([key, value]) => row[key] === value));
  const [row] = found;
  if (row === undefined || found.length > 1)
    throw new Error(`${found.length} rows with ${JSON.stringify(wanted)}: ${JSON.stringify(rows)}`);
  return row;
}

/** Column → count, for tables by one column. */
export function countsBy(rows: readonly Row[], column: string): Record<string, Json> {
  return Object.fromEntries(rows.map((row) => [String(row[column]), row["count"] as Json]));
}
