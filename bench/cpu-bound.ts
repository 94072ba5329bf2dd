/** A workload that computes and nothing else, on every processor: always the same amount of work. */
import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { parseTimes, type Times } from "./workload";

/** Rounds of the loop that take a processor about a second. */
const ROUNDS_PER_SECOND = 400_000;

/**
 * Shells that count, in functions within functions. Debian's bash has no frame pointers, and its interpreter calls
 * itself for each level of a script, so that the stacks are as deep as those of larger programs.
 */
const within = "count() { local i; for ((i = 0; i < $1; i++)); do :; done; }; within() { { count $1; }; }";

/** The command line of work that keeps every processor busy for about so many seconds. */
export function cpuBound(seconds: number): readonly string[] {
  return ["bash", "-c", onEveryCpu(seconds)];
}

/** The same, and what it took is in `file` afterwards, for `parseTimes`. */
export function timedCpuBound(seconds: number, file: string): readonly string[] {
  return ["bash", "-c", `TIMEFORMAT="%R %U %S"; { time { ${onEveryCpu(seconds)}; }; } 2>"$0"`, file];
}

function onEveryCpu(seconds: number): string {
  const command = `bash -c '${within}; within $0' ${seconds * ROUNDS_PER_SECOND}`;
  return `for ((cpu = 0; cpu < ${availableParallelism()}; cpu++)); do ${command} & done; wait`;
}

/** What a command and all that it starts take. Its output is dropped. */
export async function timesOf(command: readonly string[]): Promise<Times> {
  const script = 'TIMEFORMAT="%R %U %S"; { time "$0" "$@" >/dev/null 2>&3; } 2>&4';
  const [file, ...args] = command;
  const child = spawn("bash", ["-c", script, file as string, ...args], {
    env: { ...process.env, LC_ALL: "C" },
    stdio: ["ignore", "ignore", "ignore", "inherit", "pipe"],
  });
  let text = "";
  child.stdio[4]?.on("data", (chunk: Buffer) => {
    text += chunk.toString();
  });
  await new Promise((resolve, reject) => child.on("error", reject).on("close", resolve));
  return parseTimes(text);
}
