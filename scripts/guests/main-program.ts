import { constants } from "node:os";
import { hasCode, messageOf, UsageError } from "../../src/core/errors";

type StopSignal = "SIGINT" | "SIGTERM" | "SIGHUP" | "SIGPIPE";

/**
 * Runs a script's main function and sets the exit status: its result, 2 after wrong usage, 1 after another error,
 * 128 + N after signal N. The function gets an AbortSignal to stop by, and cleans up before it ends.
 */
export function runMain(main: (stop: AbortSignal) => Promise<number>): void {
  const controller = new AbortController();
  let stoppedBy: StopSignal | undefined;
  const stop = (name: StopSignal) => {
    stoppedBy ??= name;
    controller.abort();
  };
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => stop(name));
  process.stdout.on("error", (error) => {
    // The reader has gone, as in `| head`.
    if (hasCode(error, "EPIPE")) stop("SIGPIPE");
    else throw error;
  });
  main(controller.signal).then(
    (status) => {
      process.exitCode = status;
    },
    (error: unknown) => {
      if (stoppedBy) {
        process.exitCode = 128 + constants.signals[stoppedBy];
        return;
      }
      const { hint } = error as { hint?: string };
      process.stderr.write(`${messageOf(error)}\n${hint ? `hint: ${hint}\n` : ""}`);
      process.exitCode = error instanceof UsageError ? 2 : 1;
    },
  );
}
