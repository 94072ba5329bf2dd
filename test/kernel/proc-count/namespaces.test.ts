import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { kernelTest } from "../kernel-test";

const NEEDS = ["btf-raw-tracepoint", "program:unshare", "program:bash"];

/** What the driver printed in namespaces of its own. */
async function inside(flags: readonly string[], driver: string, ...args: readonly string[]) {
  const child = spawn("unshare", [...flags, process.execPath, join(__dirname, driver), ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "close");
  const printed = await text(child.stdout);
  const [code] = await ended;
  expect(code).toBe(0);
  return JSON.parse(printed);
}

kernelTest(
  [...NEEDS, "pid-namespace-helper", "iterator-program"],
  "in a PID namespace all ids are those of the namespace",
  async () => {
    const { own, shell, forked, tree, one, events } = await inside(
      ["-p", "-f", "--mount-proc"],
      "namespace-driver.js",
    );
    // The first process of the namespace is the driver itself.
    expect(own).toBe(1);
    // The shell ran before; its child has never executed anything.
    expect(tree).toEqual([
      { pid: shell, ppid: own, comm: "bash", count: 0 },
      { pid: forked, ppid: shell, comm: "bash", count: 0 },
    ]);
    expect(one).toEqual([expect.objectContaining({ pid: shell, comm: "bash" })]);
    const [first, second] = events;
    expect(first).toMatchObject({ ppid: own, comm: "sh" });
    expect(second).toMatchObject({ ppid: first.pid, comm: "true" });
  },
);
