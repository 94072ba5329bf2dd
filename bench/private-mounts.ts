/** The peers need tracefs, bpfkit does not: it is mounted for the benchmark alone, in a mount namespace of its own. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { constants } from "node:os";

const TRACEFS = "/sys/kernel/tracing";
const MARK = "BPFKIT_BENCH_INSIDE";

/** True where the peers find tracefs. */
export function hasTracefs(): boolean {
  return existsSync(`${TRACEFS}/events`);
}

/**
 * Runs this program again where tracefs is mounted and returns its exit code; undefined when this is that run
 * already. NODE_EXTRA_CA_CERTS makes every start of node slower and is left out.
 */
export async function runInside(): Promise<number | undefined> {
  if (process.env[MARK] !== undefined) return undefined;
  const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
  const node = [process.execPath, ...process.argv.slice(1)] as const;
  const script = `mount -t tracefs tracefs ${TRACEFS} || true; exec "$@"`;
  const [file, ...args] = hasTracefs() ? node : ["unshare", "-m", "sh", "-c", script, "sh", ...node];
  const child = spawn(file as string, args, { env: { ...env, [MARK]: "1" }, stdio: "inherit" });
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  process.on("SIGHUP", () => child.kill("SIGHUP"));
  // Ctrl-C reaches the child by itself.
  process.on("SIGINT", () => {});
  return await new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code, signal) => resolve(code ?? 128 + constants.signals[signal as NodeJS.Signals]));
  });
}

/** Makes signals end the process in a way that its children are ended too. */
export function endOnSignals(): void {
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.on(name, () => process.exit(128 + constants.signals[name]));
}
