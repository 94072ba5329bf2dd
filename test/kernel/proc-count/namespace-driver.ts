/** Runs in a PID namespace of its own, as its first process, and prints what proc-count shows there. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { readFacts } from "../../../src/bpf/facts";
import { Kernel } from "../../../src/bpf/kernel";
import { openLinux } from "../../../src/sys/linux";
import type { Row } from "../run-command";
import { counted } from "./counted";

/** A shell that waits for a line, forks a child that executes nothing, and then waits for its end. */
async function waiting(): Promise<ChildProcess> {
  // With a socket for input bash takes itself for a remote shell, and would read ~/.bashrc.
  const child = spawn("bash", ["--norc", "-c", "read x; (read x <&3) & echo $!; wait; read x"], {
    stdio: ["pipe", "pipe", "inherit", "pipe"],
  });
  await once(child, "spawn");
  return child;
}

const ids = (rows: readonly Row[]) => rows.map(({ pid, ppid, comm, count }) => ({ pid, ppid, comm, count }));

async function main(): Promise<void> {
  const kernel = new Kernel(openLinux(), readFacts());
  const child = await waiting();
  const forked: string[] = [];
  child.stdout?.on("data", (text: Buffer) => forked.push(text.toString()));
  const { rows } = await counted(kernel, ["--tree", "-n", "0"], async () => {
    const said = once(child.stdout!, "data");
    child.stdin?.write("\n");
    await said;
  });
  const one = await counted(kernel, ["--cost", "--by", "pid", "-p", String(child.pid), "-n", "0"], () =>
    sleep(50),
  );
  const events = await counted(kernel, ["--events", "-f", "ndjson"], ["sh", "-c", "/bin/true; :"], "ndjson");
  const lines = events.printed
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Row)
    .filter(({ event }) => event === "exec");
  for (const pid of [child.pid, Number(forked.join(""))]) process.kill(pid!, "SIGKILL");
  process.stdout.write(
    JSON.stringify({
      own: process.pid,
      shell: child.pid,
      forked: Number(forked.join("")),
      tree: ids(rows),
      one: ids(one.rows),
      events: ids(lines),
    }),
  );
}

void main();
