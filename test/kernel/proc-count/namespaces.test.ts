import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { kernelTest } from "../kernel-test";
import { TestCgroups } from "./cgroups";
import { sleeper } from "./processes";

const NEEDS = ["btf-raw-tracepoint", "program:unshare", "program:bash"];

/** Whoever is not in our namespace. */
const OUTSIDE = 0;

const driver = (name: string) => [process.execPath, join(__dirname, name)];

/** What a driver printed. */
async function printedBy([file, ...args]: readonly string[]) {
  const child = spawn(file!, args, { stdio: ["ignore", "pipe", "inherit"] });
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
    const { own, shell, forked, tree, one, events } = await printedBy([
      "unshare",
      "-p",
      "-f",
      "--mount-proc",
      ...driver("namespace-driver.js"),
    ]);
    // The first process of the namespace is the driver itself.
    expect(own).toBe(1);
    // The shell ran before; its child has never executed anything.
    expect(tree.filter(({ pid }: { pid: number }) => pid !== OUTSIDE)).toEqual([
      { pid: shell, ppid: own, comm: "bash", count: 0 },
      { pid: forked, ppid: shell, comm: "bash", count: 0 },
    ]);
    expect(one).toEqual([expect.objectContaining({ pid: shell, comm: "bash" })]);
    const [first, second] = events;
    expect(first).toMatchObject({ ppid: own, comm: "sh" });
    expect(second).toMatchObject({ ppid: first.pid, comm: "true" });
  },
);

kernelTest(
  [...NEEDS, "program:mount", "cgroup-array", "iterator-program"],
  "in a cgroup namespace -c takes in what is in that cgroup",
  async () => {
    const outer = `bpfkit-namespace-${process.pid}`;
    const cgroups = new TestCgroups([outer, `${outer}/inner`, `${outer}/inner/most`]);
    const sleepers = [
      await sleeper(cgroups.directory(outer)),
      await sleeper(cgroups.directory(`${outer}/inner`)),
      await sleeper(cgroups.directory(`${outer}/inner/most`)),
    ];
    try {
      const [file, path] = driver("cgroup-driver.js");
      // The cgroup it is in becomes the root of what it sees.
      const mounted = `umount '${cgroups.mount}' && mount -t cgroup2 none '${cgroups.mount}' && exec '${file}' '${path}' /inner`;
      const { level, pids } = await printedBy(cgroups.script(outer, `exec unshare -C -m sh -c "${mounted}"`));
      expect(level).toBe("unknown");
      expect(pids.toSorted()).toEqual(
        sleepers
          .slice(1)
          .map(({ pid }) => pid)
          .toSorted(),
      );
    } finally {
      for (const each of sleepers) await each.end();
      await cgroups.remove();
    }
  },
);
