/** The real bpfkit, as a process of its own, from the build that the tests belong to. */
import { join } from "node:path";
import { type Ended, type Running, started } from "./spawned";

/** The file to run with node. */
export const BUILT = join(__dirname, "built-main.js");

/** What tells that everything is attached. */
export const ATTACHED = "tracing ";

/** Runs it to its end. */
export function bpfkit(...args: string[]): Promise<Ended> {
  return started(process.execPath, [BUILT, ...args]).ended;
}

/** Starts it. */
export function bpfkitStarted(...args: string[]): Running {
  return started(process.execPath, [BUILT, ...args]);
}

/** Runs it until everything is attached, then `work`, then ends it by SIGINT. */
export async function bpfkitDuring(
  args: readonly string[],
  work: () => void | Promise<void>,
): Promise<Ended> {
  const { child, ended, shows } = bpfkitStarted(...args);
  await shows(ATTACHED);
  try {
    await work();
  } finally {
    child.kill("SIGINT");
  }
  return ended;
}

/** The document of a run with `--json`. */
export interface Document {
  readonly rows: readonly Record<string, string | number>[];
  readonly totals: Record<string, number>;
  readonly lost: Record<string, number>;
}

/** What a run with `--json` printed. Throws where it did not end well. */
export function documentOf({ code, stdout, stderr }: Ended): Document {
  if (code !== 0) throw new Error(`bpfkit ended with ${code}: ${stderr}`);
  return JSON.parse(stdout);
}
