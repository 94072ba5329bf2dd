import { kernelTest } from "../kernel-test";
import { raw, repeat } from "./raw-syscalls";
import { rowWith, traced } from "./traced";
import { until } from "./workload";

const NEEDS = ["raw-tracepoint", "btf-raw-tracepoint"];
const SELF = ["-p", String(process.pid), "-n", "0", "--latency"];
const SLEEP_NS = 20_000_000;
const SLEEPS = 23;

beforeAll(() => {
  raw().call("getuid");
  raw().nanosleep(1);
});

/** The value below which `fraction` of the ascending values lie. */
function rank(values: readonly number[], fraction: number): number {
  return values[Math.max(1, Math.ceil(fraction * values.length)) - 1] as number;
}

/** Nothing is asserted but what must hold on a machine that is busy: the time seen from outside is longer. */
kernelTest(NEEDS, "known sleeps: never shorter, and no longer than seen from outside", async ({ kernel }) => {
  const outside: number[] = [];
  const { rows } = await traced(kernel, [...SELF, "--syscall", "nanosleep"], () => {
    for (let i = 0; i < SLEEPS; i++) {
      const before = process.hrtime.bigint();
      raw().nanosleep(SLEEP_NS);
      outside.push(Number(process.hrtime.bigint() - before));
    }
  });
  outside.sort((a, b) => a - b);
  const row = rowWith(rows, { syscall: "nanosleep" });
  const [totalNs, avgNs, maxNs] = [row["totalNs"], row["avgNs"], row["maxNs"]].map(Number) as [
    number,
    number,
    number,
  ];
  expect(row["count"]).toBe(SLEEPS);
  expect(totalNs).toBeGreaterThanOrEqual(SLEEPS * SLEEP_NS);
  expect(totalNs).toBeLessThanOrEqual(outside.reduce((sum, ns) => sum + ns, 0));
  expect(avgNs).toBe(Math.round(totalNs / SLEEPS));
  expect(maxNs).toBeGreaterThanOrEqual(SLEEP_NS);
  expect(maxNs).toBeLessThanOrEqual(outside.at(-1) as number);
  for (const [key, fraction] of [
    ["p50Ns", 0.5],
    ["p95Ns", 0.95],
    ["p99Ns", 0.99],
  ] as const) {
    // The error of the histogram, and nothing else, may lie between them.
    expect(Number(row[key])).toBeGreaterThanOrEqual(SLEEP_NS * (1 - 1 / 16));
    expect(Number(row[key])).toBeLessThanOrEqual(rank(outside, fraction) * (1 + 1 / 16));
    expect(Number(row[key])).toBeLessThanOrEqual(maxNs);
  }
});

kernelTest(
  NEEDS,
  "one long call among many short ones is the maximum, and no percentile",
  async ({ kernel }) => {
    const { rows } = await traced(
      kernel,
      [...SELF, "--syscall", "nanosleep,getppid", "--by", "process"],
      () => {
        repeat(997, "getppid");
        raw().nanosleep(10 * SLEEP_NS);
      },
    );
    const row = rowWith(rows, { pid: process.pid });
    expect(row).toMatchObject({ count: 998 });
    expect(Number(row["maxNs"])).toBeGreaterThanOrEqual(10 * SLEEP_NS);
    expect(Number(row["p50Ns"])).toBeLessThan(10 * SLEEP_NS);
  },
);

kernelTest(NEEDS, "sorted by the total unless told otherwise", async ({ kernel }) => {
  const work = () => {
    repeat(101, "getppid");
    raw().nanosleep(SLEEP_NS);
  };
  const list = ["--syscall", "nanosleep,getppid"];
  const { rows } = await traced(kernel, [...SELF, ...list], work);
  expect(rows.map((row) => row["syscall"])).toEqual(["nanosleep", "getppid"]);
  const byCount = await traced(kernel, [...SELF, ...list, "-s", "count"], work);
  expect(byCount.rows.map((row) => row["syscall"])).toEqual(["getppid", "nanosleep"]);
});

kernelTest(NEEDS, "the maximum of an interval is its own", async ({ kernel }) => {
  const args = [...SELF, "--syscall", "nanosleep", "-i", "1s"];
  const { output } = await traced(kernel, args, async ({ reports }) => {
    raw().nanosleep(10 * SLEEP_NS);
    await until("report 1 is there", () => reports.length >= 1);
    raw().nanosleep(1);
  });
  const second = rowWith(output.rows(1), { syscall: "nanosleep" });
  expect(second["count"]).toBe(1);
  // Its bucket's upper end is all that is known of it; the long sleep of the first interval is far above.
  expect(Number(rowWith(output.rows(0), { syscall: "nanosleep" })["maxNs"])).toBeGreaterThanOrEqual(
    10 * SLEEP_NS,
  );
  expect(Number(second["maxNs"])).toBeLessThanOrEqual((Number(second["totalNs"]) * 9) / 8);
});
