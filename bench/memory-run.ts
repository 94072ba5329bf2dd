/** Runs of bpfkit whose memory is watched. */
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import type { Readable } from "node:stream";
import { BpfkitError, hasCode } from "../src/core/errors";
import { statusKib } from "./process-status";
import type { Point } from "./statistics";
import { benchScript, bpfkitScript } from "./this-build";

const PROGRAM_MS = 200;

/** A process that makes some 25 different calls and ends: as many groups by process and syscall. */
function startProgram(): void {
  spawn("true", { stdio: "ignore" });
}

/**
 * Peak of resident memory in MB of a run with these options, told by the process itself as it ends. Meanwhile other
 * programs come and go, so that a run of five seconds by process and syscall ends with some six hundred groups.
 */
export async function peakOf(command: readonly string[]): Promise<number> {
  const args = ["-r", benchScript("exit-peak"), bpfkitScript, ...command, "-q"];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "inherit", "pipe"] });
  let told = "";
  onText(child.stdio[3] as Readable, (text) => {
    told += text;
  });
  const programs = setInterval(startProgram, PROGRAM_MS);
  try {
    await endOf(child);
  } finally {
    clearInterval(programs);
  }
  if (!/^\d+$/.test(told)) throw new BpfkitError(`${command.join(" ")}: told no peak`);
  return Number(told) / 1024;
}

const SAMPLE_MS = 100;
const INTERVAL_MS = 10;

function reporting(intervals: number): string[] {
  return [bpfkitScript, "syscall-top", "-q", "-i", `${INTERVAL_MS}ms`, "-d", `${intervals * INTERVAL_MS}ms`];
}

/** Samples resident memory in MB from outside, while syscall-top writes so many tables, one every 10 ms. */
export async function watchResident(intervals: number): Promise<Point[]> {
  const child = spawn(process.execPath, reporting(intervals), { stdio: ["ignore", "pipe", "inherit"] });
  const tables = countTables(child.stdout);
  const points: Point[] = [];
  const timer = setInterval(() => {
    const resident = residentMb(child.pid as number);
    if (resident !== undefined && tables() > 0) points.push({ x: tables(), y: resident });
  }, SAMPLE_MS);
  try {
    await endOf(child);
  } finally {
    clearInterval(timer);
  }
  return points;
}

/** Samples what is alive in MB after collecting garbage, in another such run. */
export async function watchLive(intervals: number): Promise<Point[]> {
  const args = ["--expose-gc", "-r", benchScript("live-heap"), ...reporting(intervals)];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit", "pipe"] });
  const tables = countTables(child.stdout as Readable);
  const points: Point[] = [];
  onText(child.stdio[3] as Readable, (text) => {
    for (const line of text.trim().split("\n")) points.push({ x: tables(), y: Number(line) / 1024 ** 2 });
  });
  await endOf(child);
  return points;
}

function onText(stream: Readable, take: (text: string) => void): void {
  stream.setEncoding("utf8").on("data", take);
}

/** Counts tables by the line that ends each. */
function countTables(stdout: Readable): () => number {
  let tables = 0;
  let rest = "";
  onText(stdout, (text) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    tables += lines.filter((line) => line.startsWith("Lost: ")).length;
  });
  return () => tables;
}

function endOf(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.on("error", reject).on("close", (code, signal) => {
      if (code === 0) resolve();
      else reject(new BpfkitError(`syscall-top: ended with ${signal ?? `status ${code}`}`));
    });
  });
}

/** Undefined when the process has just ended. */
function residentMb(pid: number): number | undefined {
  try {
    const kib = statusKib(readFileSync(`/proc/${pid}/status`, "utf8"), "VmRSS");
    return kib === undefined ? undefined : kib / 1024;
  } catch (error) {
    if (hasCode(error, "ENOENT") || hasCode(error, "ESRCH")) return undefined;
    throw error;
  }
}
