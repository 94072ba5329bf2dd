/** Processes in the namespaces of one of them. */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { Readable, Writable } from "node:stream";
import { kernelTest } from "../kernel-test";
import { countsBy, runCommand } from "../run-command";
import { calls } from "./calls";

const NEEDS = ["btf-raw-tracepoint", "probe-read-kernel", "program:unshare"];

type Waiting = ChildProcessByStdio<Writable, Readable, null>;

/** A shell that writes `count` times when it is told to, and has said that it waits. */
async function writer(count: number, ...around: readonly string[]): Promise<Waiting> {
  const copy = `exec dd if=/dev/zero of=/dev/null bs=1 count=${count} status=none`;
  const command = [...around, "sh", "-c", `echo waits; read line; ${copy}`];
  const child = spawn(command[0] as string, command.slice(1), { stdio: ["pipe", "pipe", "inherit"] });
  await once(child.stdout, "data");
  return child;
}

async function go(child: Waiting): Promise<void> {
  const ended = once(child, "exit");
  child.stdin.end("\n");
  await ended;
}

/** The process that `unshare` has started, as we see it. */
function childOf({ pid }: Waiting): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ")[0]);
}

for (const [option, unshared] of [
  ["--pidns", ["-p", "-f"]],
  ["--mntns", ["-m", "-f"]],
] as const)
  kernelTest(NEEDS, `${option}: calls inside are counted, calls outside are not`, async ({ kernel }) => {
    const inside = await writer(103, "unshare", ...unshared);
    const outside = await writer(211);
    const args = ["trace-fn", "--count", "s:write", option, String(childOf(inside))];
    const { rows } = await runCommand(kernel, args, async () => {
      await go(outside);
      await go(inside);
    });
    expect(countsBy(rows, "function")).toEqual({ write: 103 });
  });

kernelTest(NEEDS, "both together, by a process that is in one of them only", async ({ kernel }) => {
  const inside = await writer(17, "unshare", "-m", "-f");
  const pid = String(childOf(inside));
  const args = ["trace-fn", "--count", "s:write", "-p", pid];
  // Its PID namespace is ours, its mount namespace is not.
  const { rows } = await runCommand(kernel, [...args, "--pidns", String(process.pid), "--mntns", pid], () =>
    go(inside),
  );
  expect(countsBy(rows, "function")).toEqual({ write: 17 });
  const [elsewhere, other] = [await writer(3, "unshare", "-m", "-f"), await writer(19)];
  const another = String(childOf(elsewhere));
  const none = await runCommand(
    kernel,
    ["trace-fn", "--count", "s:write", "-p", String(other.pid), "--mntns", another],
    () => go(other),
  );
  expect(countsBy(none.rows, "function")).toEqual({});
  await go(elsewhere);
});

kernelTest([...NEEDS, "ring-buffer"], "calls as they come, at a tracepoint too", async ({ kernel }) => {
  const inside = await writer(5, "unshare", "-p", "-f");
  const found = await calls(kernel, ["t:sched:sched_process_exec", "--pidns", String(childOf(inside))], () =>
    go(inside),
  );
  expect(found.calls.map(({ comm }) => comm)).toEqual(["dd"]);
});
