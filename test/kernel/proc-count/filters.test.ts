import { spawn } from "node:child_process";
import { once } from "node:events";
import { kernelTest } from "../kernel-test";
import { TestCgroups } from "./cgroups";
import { counted, countsBy } from "./counted";
import { finished, loop, type Sleeper, sleeper } from "./processes";

const NEEDS = ["btf-raw-tracepoint", "cgroup-array"];
const WALK = [...NEEDS, "iterator-program"];
const CONTAINER = "0123456789abcdef".repeat(4);

const outer = `bpfkit-proc-count-${process.pid}`;
const inner = `${outer}/inner`;
const container = `${outer}/docker-${CONTAINER}.scope`;

let made: TestCgroups | undefined;
const cgroups = (): TestCgroups => {
  made ??= new TestCgroups([outer, inner, container]);
  return made;
};
afterAll(() => made?.remove());

/** So many executions in each of the cgroups, and some outside. */
async function work(): Promise<void> {
  for (const [name, times] of [
    [outer, 17],
    [inner, 23],
    [container, 11],
  ] as const)
    await finished(cgroups().script(name, loop(times, "/bin/true")));
  await finished(["sh", "-c", loop(7, "/bin/true")]);
}

describe("executions in a cgroup", () => {
  kernelTest(NEEDS, "-c takes a cgroup and all below it", async ({ kernel }) => {
    cgroups();
    const all = await counted(kernel, ["-c", `/${outer}`, "--comm", "true"], work);
    expect(countsBy(all.rows, "comm")).toEqual({ true: 51 });
    const one = await counted(kernel, ["-c", `/${inner}`, "--comm", "true"], work);
    expect(countsBy(one.rows, "comm")).toEqual({ true: 23 });
  });
  kernelTest(NEEDS, "--container takes the beginning of its id", async ({ kernel }) => {
    cgroups();
    const { rows } = await counted(kernel, ["--container", CONTAINER.slice(0, 12)], work);
    expect(countsBy(rows, "comm")).toEqual({ true: 11 });
  });
  kernelTest(NEEDS, "--by cgroup and container", async ({ kernel }) => {
    const args = ["-c", `/${outer}`, "--comm", "true", "--by"];
    cgroups();
    const byCgroup = await counted(kernel, [...args, "cgroup"], work);
    expect(countsBy(byCgroup.rows, "cgroup")).toEqual({
      [`/${outer}`]: 17,
      [`/${inner}`]: 23,
      [`/${container}`]: 11,
    });
    const byContainer = await counted(kernel, [...args, "container"], work);
    expect(countsBy(byContainer.rows, "container")).toEqual({
      host: 40,
      [`docker:${CONTAINER.slice(0, 12)}`]: 11,
    });
  });
});

describe("what runs before and after", () => {
  /** The processes that --cost takes in, besides those that the test did not start. */
  async function taken(
    kernel: Parameters<typeof counted>[0],
    args: readonly string[],
    sleepers: readonly Sleeper[],
  ) {
    const { rows } = await counted(kernel, ["--cost", "--by", "pid", "-n", "0", ...args], () => {});
    const pids = rows.map(({ pid }) => pid);
    return sleepers.map(({ pid }) => pids.includes(pid));
  }

  kernelTest(WALK, "-c and --container take in what is there", async ({ kernel }) => {
    const sleepers = [
      await sleeper(cgroups().directory(outer)),
      await sleeper(cgroups().directory(inner)),
      await sleeper(cgroups().directory(container)),
      await sleeper(),
    ];
    try {
      expect(await taken(kernel, ["-c", `/${outer}`], sleepers)).toEqual([true, true, true, false]);
      expect(await taken(kernel, ["-c", `/${inner}`], sleepers)).toEqual([false, true, false, false]);
      expect(await taken(kernel, ["--container", CONTAINER], sleepers)).toEqual([false, false, true, false]);
    } finally {
      for (const each of sleepers) await each.end();
    }
  });
  kernelTest(WALK, "-u and --comm take in this user's and this name's only", async ({ kernel }) => {
    const sleepers = [await sleeper(undefined, 54321), await sleeper(undefined, 54322)];
    try {
      expect(await taken(kernel, ["-u", "54321"], sleepers)).toEqual([true, false]);
      expect(await taken(kernel, ["-u", "54322", "--comm", "slee*"], sleepers)).toEqual([false, true]);
      expect(await taken(kernel, ["--comm", "slee"], sleepers)).toEqual([false, false]);
    } finally {
      for (const each of sleepers) await each.end();
    }
  });
});

kernelTest(["btf-raw-tracepoint"], "--get shows the entry of this process only", async ({ kernel }) => {
  const child = spawn("sh", ["-c", "read x; /bin/true; exec sh -c 'exec /bin/true'"]);
  await once(child, "spawn");
  const { rows, totals } = await counted(kernel, ["--by", "pid", "--get", String(child.pid)], async () => {
    const ended = once(child, "exit");
    child.stdin.write("\n");
    await ended;
  });
  expect(rows).toMatchObject([{ pid: child.pid, comm: "true", count: 2 }]);
  expect(totals).toMatchObject({ count: 2, rows: 1 });
});
