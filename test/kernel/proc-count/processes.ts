/** Processes that tests start. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** A shell's script that runs a program so often, by its path: `true` alone would be the shell's own. */
export function loop(times: number, program: string): string {
  return `i=0; while [ $i -lt ${times} ]; do ${program}; i=$((i+1)); done`;
}

/** Runs a program to its end. Throws when it fails. */
export async function finished([file, ...args]: readonly string[]): Promise<void> {
  const child = spawn(file!, args, { stdio: ["ignore", "ignore", "inherit"] });
  const [code, signal] = await once(child, "exit");
  if (code !== 0) throw new Error(`${file} ${args.join(" ")}: ended with ${signal ?? code}`);
}

/** A process that sleeps until it is ended. */
export interface Sleeper {
  readonly pid: number;
  end(): Promise<void>;
}

/** Starts one, in this cgroup's directory and as this user where they are given. */
export async function sleeper(cgroup?: string, uid?: number): Promise<Sleeper> {
  const child = spawn("sleep", ["600"], { stdio: "ignore", ...(uid === undefined ? {} : { uid }) });
  await once(child, "spawn");
  if (cgroup !== undefined) writeFileSync(join(cgroup, "cgroup.procs"), String(child.pid));
  return {
    pid: child.pid as number,
    async end() {
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    },
  };
}
