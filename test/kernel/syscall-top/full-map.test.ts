import type { Kernel } from "../../../src/bpf/kernel";
import { kernelTest } from "../kernel-test";
import { traced } from "./traced";
import { calls, runWorkload } from "./workload";

const NEEDS = ["raw-tracepoint", "btf-raw-tracepoint", "program:gcc"];
const comm = "bk-full";
const TIMES = [11, 13, 17, 19, 23, 29, 31];
const ALL = TIMES.reduce((sum, times) => sum + times, 0);

const run = (kernel: Kernel, ...args: string[]) =>
  traced(kernel, ["--by", "process", "--syscall", "getppid", "--comm", comm, "-n", "0", ...args], () => {
    for (const times of TIMES) runWorkload([calls("getppid", times)], { comm });
  });

for (const map of ["hash", "percpu"])
  for (const more of [[], ["--latency"]])
    kernelTest(
      NEEDS,
      `--map ${map} ${more} keeps who came first and counts the rest as lost`,
      async ({ kernel }) => {
        const { rows, totals, lost, outcome } = await run(
          kernel,
          "--map",
          map,
          "--max-entries",
          "3",
          ...more,
        );
        expect(rows.map((row) => row["count"]).sort()).toEqual([11, 13, 17]);
        expect(totals["count"]).toBe(41);
        expect(lost).toMatchObject({ mapFull: ALL - 41, evicted: 0, missedRuns: 0 });
        expect(outcome).toEqual({ lost: ALL - 41 });
      },
    );

kernelTest(NEEDS, "--map lru counts what it evicted", async ({ kernel }) => {
  // An LRU map of a few entries is rounded to a multiple of the CPUs, so many processes are needed.
  const PROCESSES = 47;
  const args = ["--by", "process", "--syscall", "getppid", "--comm", comm, "-n", "0"];
  const { rows, totals, lost, outcome } = await traced(
    kernel,
    [...args, "--map", "lru", "--max-entries", "4"],
    () => {
      for (let i = 0; i < PROCESSES; i++) runWorkload([calls("getppid", 7)], { comm });
    },
  );
  expect(rows.length).toBeLessThan(PROCESSES);
  expect(lost).toMatchObject({ mapFull: 0, missedRuns: 0 });
  expect(lost["evicted"]).toBeGreaterThan(0);
  expect(Number(totals["count"]) + (lost["evicted"] as number)).toBe(PROCESSES * 7);
  expect(outcome).toEqual({ lost: lost["evicted"] });
});

kernelTest(NEEDS, "a map that is just large enough loses nothing", async ({ kernel }) => {
  const { totals, lost } = await run(kernel, "--max-entries", String(TIMES.length));
  expect(totals["count"]).toBe(ALL);
  expect(lost).toEqual({ mapFull: 0, evicted: 0, unfollowedCalls: 0, missedRuns: 0 });
});
