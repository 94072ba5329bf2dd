import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { cgroupMount } from "../../../src/symbols/cgroups";
import { onlineCpus } from "../../../src/sys/cpus";
import { kernelTest } from "../kernel-test";
import { rounds } from "../rounds";
import { countsBy, rowWith, traced } from "./traced";
import { beginWorkload, calls, endWorkloads, runWorkload, until, untilIn } from "./workload";

const NEEDS = ["raw-tracepoint", "btf-raw-tracepoint", "program:gcc"];
const ALL = ["-n", "0", "--syscall", "getppid,getsid"];

afterAll(endWorkloads);

for (const map of ["hash", "percpu", "lru"])
  kernelTest(NEEDS, `--by process, --map ${map}`, async ({ kernel }) => {
    const pids: number[] = [];
    const { rows } = await traced(
      kernel,
      [...ALL, "--by", "process", "--map", map, "--comm", "bk-*"],
      async () => {
        for (const [comm, times] of [
          ["bk-first", 101],
          ["bk-second", 211],
        ] as const) {
          const begun = await beginWorkload(["r", calls("getppid", times)], { comm });
          pids.push(begun.pid);
          await begun.finish();
        }
      },
    );
    expect(rows.map(({ pid, comm, count }) => ({ pid, comm, count }))).toEqual([
      { pid: pids[1], comm: "bk-second", count: 211 },
      { pid: pids[0], comm: "bk-first", count: 101 },
    ]);
  });

kernelTest(NEEDS, "--by thread names threads, --by process the process", async ({ kernel }) => {
  const steps = [calls("getppid", 13), "r", "t", "n:bk-thread", calls("getppid", 101)];
  for (const [by, expected] of [
    [
      "thread",
      [
        ["bk-thread", 101],
        ["bk-main", 13],
      ],
    ],
    ["process", [["bk-main", 114]]],
  ] as const) {
    let pid = 0;
    const { rows } = await traced(kernel, [...ALL, "--by", by, "--comm", "bk-*"], async () => {
      const begun = await beginWorkload(steps, { comm: "bk-main" });
      pid = begun.pid;
      await begun.finish();
    });
    expect(rows.map(({ comm, count }) => [comm, count])).toEqual(expected);
    expect(new Set(rows.map((row) => row["pid"]))).toEqual(new Set([pid]));
    if (by === "thread") expect(rows.map((row) => row["tid"] === pid)).toEqual([false, true]);
  }
});

kernelTest(NEEDS, "--by comm adds up processes of one name", async ({ kernel }) => {
  const { rows } = await traced(kernel, [...ALL, "--by", "comm", "--comm", "bk-*"], () => {
    runWorkload([calls("getppid", 101)], { comm: "bk-one" });
    runWorkload([calls("getppid", 11)], { comm: "bk-one" });
    runWorkload([calls("getppid", 23)], { comm: "bk-other" });
  });
  expect(countsBy(rows, "comm")).toEqual({ "bk-one": 112, "bk-other": 23 });
});

kernelTest(NEEDS, "pairs", async ({ kernel }) => {
  const { rows } = await traced(
    kernel,
    [...ALL, "--by", "comm,syscall", "--comm", "bk-*", "--errors"],
    () => {
      runWorkload([calls("getppid", 101), calls("getsid", 23), calls("getsid", 7, 0x7fff_fff0)], {
        comm: "bk-one",
      });
      runWorkload([calls("getsid", 11)], { comm: "bk-two" });
    },
  );
  expect(rows.map(({ comm, syscall, count, failed }) => [comm, syscall, count, failed])).toEqual([
    ["bk-one", "getppid", 101, 0],
    ["bk-one", "getsid", 30, 7],
    ["bk-two", "getsid", 11, 0],
  ]);
});

kernelTest(NEEDS, "short-lived processes are all there, each with its name", async ({ kernel }) => {
  const comm = "bk-short";
  const processes = rounds(101, 31);
  const { rows, lost } = await traced(kernel, ["--by", "process", "--comm", comm, "-n", "0"], () => {
    for (let i = 0; i < processes; i++) runWorkload([], { comm });
  });
  expect(rows).toHaveLength(processes);
  expect(new Set(rows.map((row) => row["comm"]))).toEqual(new Set([comm]));
  expect(new Set(rows.map((row) => row["count"])).size).toBe(1);
  expect(lost).toEqual({ mapFull: 0, evicted: 0, unfollowedCalls: 0, missedRuns: 0 });
});

kernelTest(NEEDS, "a process that executes another program takes its name", async ({ kernel }) => {
  const { rows } = await traced(kernel, ["--by", "process", "-n", "0", "--syscall", "getppid,getsid"], () => {
    runWorkload([calls("getppid", 101), "e", calls("getsid", 23)], { comm: "bk-before", next: "bk-after" });
  });
  expect(rowWith(rows, { comm: "bk-after" })).toMatchObject({ count: 124 });
  expect(countsBy(rows, "comm")).not.toHaveProperty("bk-before");
});

describe("filters", () => {
  kernelTest(NEEDS, "-p", async ({ kernel }) => {
    const one = await beginWorkload(["r", calls("getppid", 101)]);
    const two = await beginWorkload(["r", calls("getppid", 23)]);
    const three = await beginWorkload(["r", calls("getppid", 7)]);
    const { rows } = await traced(
      kernel,
      [...ALL, "--by", "process", "-p", `${one.pid},${two.pid}`],
      async () => {
        for (const each of [one, two, three]) await each.finish();
      },
    );
    expect(countsBy(rows, "pid")).toEqual({ [one.pid]: 101, [two.pid]: 23 });
  });
  kernelTest(NEEDS, "-t", async ({ kernel }) => {
    const begun = await beginWorkload(["t", "r", calls("getppid", 101)]);
    await until("the thread is there", () => begun.threads().length === 2);
    const tid = begun.threads()[1] as number;
    const wanted = await traced(kernel, ["-n", "0", "-t", String(tid)], () => begun.finish());
    expect(countsBy(wanted.rows, "syscall")).toMatchObject({ getppid: 101 });
    // The first thread waits for the second: nothing of it counts, neither its wait nor exit_group.
    expect(countsBy(wanted.rows, "syscall")).not.toHaveProperty("exit_group");
  });
  kernelTest(NEEDS, "-u", async ({ kernel }) => {
    const { rows } = await traced(kernel, [...ALL, "-u", "54321"], () => {
      runWorkload([calls("getppid", 101)], { uid: 54321 });
      runWorkload([calls("getppid", 23)], { uid: 54322 });
    });
    expect(countsBy(rows, "syscall")).toEqual({ getppid: 101 });
  });
  for (const [pattern, count] of [
    ["bk-comm", 101],
    ["bk-comm*", 124],
    ["bk-commander-xy", 23],
  ] as const)
    kernelTest(NEEDS, `--comm ${pattern}`, async ({ kernel }) => {
      const { rows } = await traced(kernel, [...ALL, "--comm", pattern], () => {
        runWorkload([calls("getppid", 101)], { comm: "bk-comm" });
        // The kernel keeps 15 bytes.
        runWorkload([calls("getppid", 23)], { comm: "bk-commander-xyz" });
        runWorkload([calls("getppid", 7)], { comm: "bk-com" });
      });
      expect(countsBy(rows, "syscall")).toEqual({ getppid: count });
    });
  kernelTest(NEEDS, "-C", async ({ kernel }) => {
    const [first = 0, second] = onlineCpus();
    const counts = [101, 23] as const;
    const steps = [`a:${first}`, calls("getppid", counts[0])];
    if (second !== undefined) steps.push(`a:${second}`, calls("getppid", counts[1]));
    for (const [index, cpu] of [first, second].entries()) {
      if (cpu === undefined) continue;
      const { rows } = await traced(kernel, [...ALL, "-C", String(cpu), "--comm", "bk-cpu"], () =>
        runWorkload(steps, { comm: "bk-cpu" }),
      );
      expect(countsBy(rows, "syscall")).toEqual({ getppid: counts[index] });
    }
  });
  kernelTest(NEEDS, "several at once must all hold", async ({ kernel }) => {
    const { rows } = await traced(kernel, [...ALL, "-u", "54321", "--comm", "bk-both"], () => {
      runWorkload([calls("getppid", 101)], { uid: 54321, comm: "bk-both" });
      runWorkload([calls("getppid", 23)], { uid: 54321, comm: "bk-one" });
      runWorkload([calls("getppid", 7)], { comm: "bk-both" });
    });
    expect(countsBy(rows, "syscall")).toEqual({ getppid: 101 });
  });
});

describe("cgroups", () => {
  const mount = cgroupMount() ?? "";
  const name = `bpfkit-test-${process.pid}`;
  const outer = join(mount, name);
  const inner = join(outer, "inner");

  /** Runs the workload, counting from when it is in the cgroup. */
  async function runIn(directory: string, times: number): Promise<void> {
    const begun = await beginWorkload(["r", calls("getppid", times)], { comm: "bk-cgroup" });
    await untilIn(begun.pid, "read");
    writeFileSync(join(directory, "cgroup.procs"), String(begun.pid));
    await begun.finish();
  }

  async function work(): Promise<void> {
    await runIn(outer, 101);
    await runIn(inner, 23);
    await runIn(mount, 7);
  }

  beforeAll(() => {
    if (mount !== "" && process.getuid?.() === 0) mkdirSync(inner, { recursive: true });
  });
  afterAll(async () => {
    for (const directory of [inner, outer]) {
      // A process that has just ended may still be listed.
      for (let left = 200; left > 0 && readProcs(directory) !== ""; left--) await sleep(10);
      try {
        rmdirSync(directory);
      } catch {
        // Without the rights it was not made.
      }
    }
  });

  kernelTest(NEEDS, "-c takes a cgroup and all below it", async ({ kernel }) => {
    const all = await traced(kernel, [...ALL, "-c", `/${name}`], work);
    expect(countsBy(all.rows, "syscall")).toEqual({ getppid: 124 });
    const one = await traced(kernel, [...ALL, "-c", `/${name}/inner`], work);
    expect(countsBy(one.rows, "syscall")).toEqual({ getppid: 23 });
  });
  kernelTest(NEEDS, "--by cgroup", async ({ kernel }) => {
    const { rows } = await traced(kernel, [...ALL, "--by", "cgroup", "--comm", "bk-cgroup"], work);
    expect(rowWith(rows, { cgroup: `/${name}` })).toMatchObject({ count: 101 });
    expect(rowWith(rows, { cgroup: `/${name}/inner` })).toMatchObject({ count: 23 });
    expect(rowWith(rows, { cgroup: "/" })).toMatchObject({ count: 7 });
  });
  kernelTest(NEEDS, "--by container: outside of all containers is one row", async ({ kernel }) => {
    const { rows } = await traced(kernel, [...ALL, "--by", "container", "--comm", "bk-cgroup"], work);
    expect(countsBy(rows, "container")).toEqual({ host: 131 });
  });
});

function readProcs(directory: string): string {
  try {
    return readFileSync(join(directory, "cgroup.procs"), "utf8");
  } catch {
    return "";
  }
}
