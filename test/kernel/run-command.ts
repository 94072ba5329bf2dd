/** Runs a command of bpfkit in this process on the real kernel, over a program or over a workload of the test's. */

import type { Kernel } from "../../src/bpf/kernel";
import { systemClock } from "../../src/cli/clock";
import { parseCommandLine } from "../../src/cli/command-line";
import { thisMachine } from "../../src/cli/machine";
import { TraceeProcess } from "../../src/cli/tracee";
import { commands } from "../../src/commands";
import type { Outcome } from "../../src/commands/command";
import type { Context } from "../../src/commands/context";
import { CapturedOutput } from "../../src/output/capture";
import type { Json } from "../../src/output/report";

export type Row = Record<string, Json>;

/** What a run found. */
export interface Ran {
  readonly output: CapturedOutput;
  readonly rows: readonly Row[];
  readonly totals: Row;
  readonly lost: Readonly<Record<string, number>>;
  readonly printed: string;
  readonly outcome: Outcome | undefined;
}

/** A program with its arguments, which the command follows; or what is done once everything is attached. */
export type Work = readonly string[] | ((output: CapturedOutput) => void | Promise<void>);

/** Runs `bpfkit ARGS`. It ends with the work. */
export async function runCommand(
  kernel: Kernel,
  args: readonly string[],
  work: Work,
  format = "table",
): Promise<Ran> {
  const machine = thisMachine();
  const invocation = parseCommandLine(args, commands, machine);
  if (invocation.kind !== "run") throw new Error(`${args[0]} answered instead of running`);
  const ending = new AbortController();
  const output = new CapturedOutput();
  const printed: string[] = [];
  const tracee = typeof work === "function" ? undefined : new TraceeProcess(work, process.env["PATH"] ?? "");
  void tracee?.ended.then(() => ending.abort());
  let worked: Promise<void> | undefined;
  const context: Context = {
    kernel: () => kernel,
    facts: () => kernel.facts,
    output,
    print: async (text) => {
      printed.push(text.toString());
    },
    format,
    signal: ending.signal,
    clock: systemClock,
    machine,
    tracee,
    notice: (text) => {
      // It says so once everything is attached.
      if (text.startsWith("tracing") && typeof work === "function")
        worked = Promise.resolve()
          .then(() => work(output))
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
    printed: printed.join(""),
    outcome,
  };
}

/** The only row whose columns have these values. Throws where there is none or another, with what there is. */
export function rowWith(rows: readonly Row[], wanted: Row): Row {
  const found = rows.filter((row) =>
    Object.entries(wanted).every(([key, value]) => JSON.stringify(row[key]) === JSON.stringify(value)),
  );
  const [row] = found;
  if (row === undefined || found.length > 1)
    throw new Error(`${found.length} rows with ${JSON.stringify(wanted)}: ${JSON.stringify(rows)}`);
  return row;
}

/** Column → count, for tables by one column. */
export function countsBy(rows: readonly Row[], column: string): Record<string, Json> {
  return Object.fromEntries(rows.map((row) => [String(row[column]), row["count"] as Json]));
}
