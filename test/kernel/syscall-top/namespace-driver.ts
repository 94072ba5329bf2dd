/** Runs in a PID namespace of its own, as its first process, and prints what syscall-top shows there. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFacts } from "../../../src/bpf/facts";
import { Kernel } from "../../../src/bpf/kernel";
import { openLinux } from "../../../src/sys/linux";
import { raw, repeat } from "./raw-syscalls";
import { traced } from "./traced";
import { calls } from "./workload";

const [, , workload = ""] = process.argv;
const LIST = ["--syscall", "getppid", "--by", "process", "-n", "0"];

async function begin(times: number): Promise<ChildProcess> {
  const child = spawn(workload, ["r", calls("getppid", times)], {
    env: { WORKLOAD: workload },
    stdio: ["pipe", "ignore", "inherit"],
  });
  await once(child, "spawn");
  return child;
}

async function finish(child: ChildProcess): Promise<void> {
  const ended = once(child, "exit");
  child.stdin?.write(".");
  await ended;
}

async function main(): Promise<void> {
  const kernel = new Kernel(openLinux(), readFacts());
  raw().call("getuid");
  const children = [await begin(101), await begin(23), await begin(17), await begin(11)];
  const [first, second, third, fourth] = children as [ChildProcess, ChildProcess, ChildProcess, ChildProcess];
  const shown = async (args: readonly string[], work: () => void | Promise<void>) =>
    (await traced(kernel, [...LIST, ...args], work)).rows.map(({ pid, comm, count }) => ({
      pid,
      comm,
      count,
    }));
  const processes = await shown(["--comm", "workload"], async () => {
    repeat(5, "getppid"); // never counted: it is bpfkit itself
    await finish(first);
    await finish(second);
  });
  const one = await shown(["-p", String(fourth.pid)], async () => {
    await finish(third);
    await finish(fourth);
  });
  const self = await shown(["-p", String(process.pid)], () => repeat(7, "getppid"));
  const pids = children.map(({ pid }) => pid);
  process.stdout.write(JSON.stringify({ own: process.pid, pids, rows: { processes, one, self } }));
}

void main();
