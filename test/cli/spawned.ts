import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";

/** bpfkit with the commands of `fake-bpfkit.ts`. */
export const FAKE = join(__dirname, "fake-main.js");

/** How a program ended and what it wrote. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A started program, its output gathered. */
export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Fulfilled once stdout or stderr holds `text`; rejected if it ends before. */
  shows(text: string): Promise<void>;
}

/** Starts a program with pipes. */
export function started(file: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Running {
  const child = spawn(file, args, { env: { ...process.env, ...env } });
  let stdout = "";
  let stderr = "";
  const waiting = new Set<() => void>();
  const look = () => {
    for (const check of waiting) check();
  };
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    look();
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
    look();
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  return {
    child,
    ended,
    shows: (text) =>
      new Promise((resolve, reject) => {
        const check = () => {
          if (!`${stdout}\n${stderr}`.includes(text)) return;
          waiting.delete(check);
          resolve();
        };
        waiting.add(check);
        check();
        void ended.then(() => reject(new Error(`ended without "${text}": ${stdout}${stderr}`)));
      }),
  };
}

/** Runs the fake bpfkit to its end. */
export function fake(...args: string[]): Promise<Ended> {
  return started(process.execPath, [FAKE, ...args]).ended;
}

/** Starts the fake bpfkit. */
export function fakeStarted(...args: string[]): Running {
  return started(process.execPath, [FAKE, ...args]);
}
