/** One run of bpfkit, from the words of the command line to the exit code. */
import { parseCommandLine } from "./command-line";
import { ExitCode, exitCodeOf, explain, isClosedPipe } from "./exit";
import { thisMachine } from "./machine";
import { say } from "./say";
import type { Program } from "./start";

/** Runs `argv` and returns the exit code. Never throws. */
export async function main(argv: readonly string[], { version, commands }: Program): Promise<number> {
  let verbosity = 0;
  const failed = (error: unknown): number => {
    say(2, explain(error, verbosity));
    return exitCodeOf(error);
  };
  process.on("uncaughtException", (error) => {
    if (isClosedPipe(error)) return;
    // The listeners before this one give the terminal back, so that the message can be read.
    process.on("exit", () => failed(error));
    process.exit(exitCodeOf(error));
  });
  try {
    const machine = thisMachine();
    const parsed = parseCommandLine(argv, commands, machine);
    if (parsed.kind === "answer") {
      say(1, parsed.text);
      return ExitCode.done;
    }
    verbosity = parsed.verbosity;
    const { run } = require("./run") as typeof import("./run");
    return await run(parsed, version, machine, failed);
  } catch (error) {
    return failed(error);
  }
}
