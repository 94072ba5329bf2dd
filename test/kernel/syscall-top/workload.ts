import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { nativeAbi, syscallNumber } from "../../../src/symbols/syscalls";
import { compiled } from "../../compiled";
import { i386Source, workloadSource } from "./workload-source";

const workload = () => compiled(workloadSource, { name: "workload", flags: ["-O1", "-static", "-pthread"] });

/** The 32-bit program. */
export function i386Program(): string {
  const flags = ["-m32", "-O1", "-nostdlib", "-static", "-fno-pic", "-no-pie", "-fno-stack-protector"];
  return compiled(i386Source, { name: "bk-i386", flags });
}

const living = new Set<ChildProcess>();

/** For afterAll: ends what a failed test has left behind. */
export function endWorkloads(): void {
  for (const child of living) child.kill("SIGKILL");
}

/** The workload under a command name of its own: the kernel takes it from the file's name. */
export function workloadAs(comm: string): string {
  const program = workload();
  const file = join(dirname(program), comm);
  if (!existsSync(file)) symlinkSync(program, file);
  return file;
}

/** `c:NR:TIMES:ARG` for a call by its name. */
export function calls(name: string | number, times: number, argument = 0): string {
  const number = typeof name === "number" ? name : syscallNumber(nativeAbi(process.arch), name);
  return `c:${number}:${times}:${argument}`;
}

interface Ways {
  readonly comm?: string;
  readonly uid?: number;
  /** The command name after an execve. */
  readonly next?: string;
}

const environment = (file: string) => ({ WORKLOAD: file });

/** Runs the workload to its end. */
export function runWorkload(steps: readonly string[], { comm = "workload", uid, next }: Ways = {}): void {
  const file = workloadAs(comm);
  const options = {
    env: environment(next === undefined ? file : workloadAs(next)),
    ...(uid === undefined ? {} : { uid }),
  };
  const { status, error, signal } = spawnSync(file, steps, options);
  if (status !== 0) throw new Error(`workload ${steps.join(" ")}: ended with ${status ?? signal ?? error}`);
}

/** A workload that has begun. */
export interface Begun {
  readonly pid: number;
  readonly child: ChildProcess;
  /** Its threads, the first one first. */
  threads(): number[];
  /** Gives it a byte to read and waits for its end. */
  finish(): Promise<void>;
}

/** Starts the workload; with `r` among the steps it waits there until `finish`. */
export async function beginWorkload(
  steps: readonly string[],
  { comm = "workload" }: Ways = {},
): Promise<Begun> {
  const file = workloadAs(comm);
  const child = spawn(file, steps, { env: environment(file), stdio: ["pipe", "ignore", "inherit"] });
  living.add(child);
  child.once("exit", () => living.delete(child));
  await once(child, "spawn");
  const pid = child.pid as number;
  return {
    pid,
    child,
    threads: () =>
      readdirSync(`/proc/${pid}/task`)
        .map(Number)
        .sort((a, b) => a - b),
    finish: async () => {
      const ended = once(child, "exit");
      child.stdin?.write(".");
      const [code] = await ended;
      if (code !== 0) throw new Error(`workload ${steps.join(" ")}: ended with ${code}`);
    },
  };
}

/** How long to wait for something that must happen: only a fault makes it longer, even in a slow guest. */
const HANG_MS = 50_000;

/** Waits until it holds. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  const end = Date.now() + HANG_MS;
  while (!holds()) {
    if (Date.now() > end) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Waits until a thread is inside the system call. */
export function untilIn(tid: number, name: string): Promise<void> {
  const number = String(syscallNumber(nativeAbi(process.arch), name));
  // "running", or the number and the arguments of the call it is blocked in: proc(5).
  return until(
    `thread ${tid} is in ${name}`,
    () => readFileSync(`/proc/${tid}/syscall`, "utf8").split(" ")[0] === number,
  );
}
