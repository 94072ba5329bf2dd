/** What the tests of syscall-top's command line share: programs to count, and one that is hard to end. */
import { spawnSync } from "node:child_process";
import { existsSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { scratchFolder } from "../run-folder";
import type { Ended, Running } from "./spawned";

export const NEEDS = ["raw-tracepoint", "btf-raw-tracepoint"];
export const TOP = "syscall-top";
export const NODE = process.execPath;
/** For what these tests write. */
export const folder = scratchFolder();

export const ddArguments = (count: number) => [
  "if=/dev/zero",
  "of=/dev/null",
  "bs=1",
  `count=${count}`,
  "status=none",
];

/** dd and true under names of their own: others on this machine may run them too. */
export const DD = `bk-dd-${process.pid}`.slice(0, 15);
export const TRUE = `bk-t-${process.pid}`.slice(0, 15);

function own(name: string, comm: string): string {
  const path = join(folder, comm);
  const program = (process.env["PATH"] ?? "")
    .split(":")
    .map((at) => join(at, name))
    .find(existsSync);
  if (!existsSync(path)) symlinkSync(program ?? name, path);
  return path;
}

/** Makes `count` calls of write(2), and as many of read(2) and a few more. */
export const dd = (count: number) => spawnSync(own("dd", DD), ddArguments(count));
export const times = (count: number) => {
  for (let i = 0; i < count; i++) spawnSync(own("true", TRUE));
};

/** A command that no signal ends, but the end of bpfkit does. */
export const STUBBORN = [
  "sh",
  "-c",
  'trap "" INT TERM; echo up; while kill -0 $PPID; do sleep 0.1; done 2>/dev/null',
];

/** Sends the signal until it ends: those sent before the first was taken count as one. */
export async function signalled({ child, ended, shows }: Running, signal: NodeJS.Signals): Promise<Ended> {
  await shows("up");
  const timer = setInterval(() => child.kill(signal), 50);
  try {
    return await ended;
  } finally {
    clearInterval(timer);
  }
}
