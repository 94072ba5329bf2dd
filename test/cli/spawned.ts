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
  /** What the first group of `expression` stands for in stdout or stderr, once it is there. */
  finds(expression: RegExp): Promise<string>;
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
  const seen = (find: (output: string) => string | undefined, what: string) =>
    new Promise<string>((resolve, reject) => {
      const check = () => {
        const found = find(`${stdout}\n${stderr}`);
        if (found === undefined) return;
        waiting.delete(check);
        resolve(found);
      };
      waiting.add(check);
      check();
      void ended.then(() => reject(new Error(`ended without ${what}: ${stdout}${stderr}`)));
    });
  return {
    child,
    ended,
    shows: async (text) => {
      await seen((all) => (all.includes(text) ? text : undefined), `"${text}"`);
    },
    finds: (expression) => seen((all) => expression.exec(all)?.[1], String(expression)),
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
