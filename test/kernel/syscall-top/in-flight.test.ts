import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { kernelTest } from "../kernel-test";
import { rowWith, traced } from "./traced";
import { type Begun, beginWorkload, endWorkloads, until, untilIn } from "./workload";

const NEEDS = ["raw-tracepoint", "btf-raw-tracepoint"];

afterAll(endWorkloads);

kernelTest(NEEDS, "a sleeping process, with the age of its sleep", async ({ kernel }) => {
  let begun = 0n;
  let asleep = 0n;
  let pid = 0;
  let sleeper: ReturnType<typeof spawn> | undefined;
  const { rows, totals, lost } = await traced(
    kernel,
    ["--in-flight", "--comm", "sleep", "-n", "0"],
    async () => {
      begun = process.hrtime.bigint();
      sleeper = spawn("sleep", ["1000"]);
      await once(sleeper, "spawn");
      pid = sleeper.pid as number;
      await untilIn(pid, "clock_nanosleep");
      asleep = process.hrtime.bigint();
      await sleep(300);
    },
  );
  const end = process.hrtime.bigint();
  const gone = once(sleeper as NonNullable<typeof sleeper>, "exit");
  sleeper?.kill();
  await gone;
  const row = rowWith(rows, { pid });
  expect(row).toMatchObject({ tid: pid, comm: "sleep", syscall: "clock_nanosleep" });
  expect(Number(row["ageNs"])).toBeGreaterThanOrEqual(300e6);
  expect(Number(row["ageNs"])).toBeLessThanOrEqual(Number(end - begun));
  expect(asleep - begun).toBeGreaterThan(0n);
  expect(totals["inFlight"]).toBe(rows.length);
  expect(lost).toEqual({ unfollowedCalls: 0, missedRuns: 0 });
});

kernelTest(
  [...NEEDS, "program:gcc"],
  "what has returned, and what has ended, is in flight no more",
  async ({ kernel }) => {
    const comm = "bk-flight";
    const begun: Begun[] = [];
    const { rows } = await traced(kernel, ["--in-flight", "--comm", comm, "-n", "0"], async () => {
      const waiting = await beginWorkload(["t", "r"], { comm });
      begun.push(waiting);
      const short = await beginWorkload(["r"], { comm });
      await untilIn(short.pid, "read");
      await short.finish();
      await until("the thread is there", () => waiting.threads().length === 2);
      await untilIn(waiting.threads()[1] as number, "read");
      await untilIn(waiting.pid, "futex");
    });
    const [waiting] = begun as [Begun];
    const [first, second] = waiting.threads() as [number, number];
    await waiting.finish();
    const found = rows.map(({ pid, tid, syscall }) => ({ pid, tid, syscall }));
    expect(found).toHaveLength(2);
    expect(found).toContainEqual({ pid: first, tid: first, syscall: "futex" });
    expect(found).toContainEqual({ pid: first, tid: second, syscall: "read" });
  },
);
