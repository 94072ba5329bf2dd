/** Runs a command: gives it its context, ends it when it shall end, and finds the exit code. */
import type { Outcome } from "../commands/command";
import type { Context } from "../commands/context";
import type { Machine } from "../commands/machine";
import { Resources } from "../core/resources";
import { systemClock } from "./clock";
import type { Invocation } from "./command-line";
import { ExitCode } from "./exit";
import { lazyKernel } from "./kernel";
import { openOutput } from "./output";
import { say } from "./say";
import { Interruption } from "./signals";
import type { TraceeProcess } from "./tracee";

/** Runs what `invocation` says and returns the exit code; `failed` tells the user what went wrong. */
export async function run(
  invocation: Invocation,
  version: string,
  machine: Machine,
  failed: (error: unknown) => number,
): Promise<number> {
  const { command, options, words, verbosity } = invocation;
  const sayFrom = (least: number) => (text: string) => {
    if (verbosity >= least) say(2, `${text}\n`);
  };
  using owned = new Resources();
  const tracee = traceeOf(invocation);
  const interruption = owned.use(new Interruption(process, tracee));
  const opened = openOwned(owned, invocation, version, sayFrom(0));
  process.stdout.on("error", () => interruption.abort());
  let broken: { readonly error: unknown } | undefined;
  const over = tracee?.ended.catch((error: unknown) => {
    broken = { error };
  });
  void over?.then(() => interruption.abort());

  const context: Context = {
    ...lazyKernel(),
    output: opened.output,
    print: opened.print,
    format: opened.format,
    screen: opened.screen,
    signal: interruption.signal,
    clock: systemClock,
    machine,
    tracee,
    notice: sayFrom(0),
    detail: sayFrom(1),
    verbosity,
    pid: process.pid,
    version,
  };
  let code: number;
  try {
    const outcome = await command.run(context, options as never, words);
    if (broken !== undefined) throw broken.error;
    await opened.end();
    code = exitCodeAfter(outcome, tracee, options["failOnLoss"] === true);
  } catch (error) {
    // First the terminal, then the message, or it would vanish with the live screen.
    opened[Symbol.dispose]();
    code = failed(error);
  }
  if (tracee?.running === true) {
    // The run is over before the program: by -d, by a closed pipe, by an error. They end together.
    tracee.kill("SIGTERM");
    await over;
  }
  return code;
}

function exitCodeAfter(
  outcome: Outcome | undefined,
  tracee: TraceeProcess | undefined,
  failOnLoss: boolean,
): number {
  const status = tracee?.status ?? ExitCode.done;
  if (status !== ExitCode.done) return status;
  if (failOnLoss && (outcome?.lost ?? 0) > 0) return ExitCode.lost;
  return outcome?.alerted === true ? ExitCode.alert : ExitCode.done;
}

function traceeOf({ tracee }: Invocation): TraceeProcess | undefined {
  if (tracee === undefined) return undefined;
  const { TraceeProcess } = require("./tracee") as typeof import("./tracee");
  return new TraceeProcess(tracee, process.env["PATH"] ?? "");
}

/** The output, which is also given up when the process ends without coming back here. */
function openOwned(
  owned: Resources,
  invocation: Invocation,
  version: string,
  notice: (text: string) => void,
) {
  const opened = owned.use(openOutput(invocation, version, process, notice));
  const giveUp = () => opened[Symbol.dispose]();
  process.on("exit", giveUp);
  owned.defer(() => process.off("exit", giveUp));
  return opened;
}
