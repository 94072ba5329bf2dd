import { constants } from "node:os";
import { kernelTest } from "../kernel-test";
import { raw, repeat } from "./raw-syscalls";
import { countsBy, rowWith, traced } from "./traced";
import { until } from "./workload";

/** Everything is needed that syscall-top uses wherever the kernel has BTF. */
const NEEDS = ["raw-tracepoint", "btf-raw-tracepoint"];
const SELF = ["-p", String(process.pid), "-n", "0"];
const NOTHING_LOST = { mapFull: 0, evicted: 0, unfollowedCalls: 0, missedRuns: 0 };

/** Calls that neither Node nor Jest makes; the last four fail. */
function work(): void {
  repeat(1009, "getppid");
  repeat(211, "getsid");
  repeat(23, "sched_get_priority_max", 1);
  repeat(17, "getpgid", 0x7fff_fff0);
  repeat(13, "fchdir", -1);
  repeat(11, "sched_getscheduler", -1);
  repeat(7, "getsid", 0x7fff_fff0);
}

const COUNTS = {
  getppid: 1009,
  getsid: 211 + 7,
  sched_get_priority_max: 23,
  getpgid: 17,
  fchdir: 13,
  sched_getscheduler: 11,
};
const FAILED = { getsid: 7, getpgid: 17, fchdir: 13, sched_getscheduler: 11 };
const LIST = ["--syscall", Object.keys(COUNTS).join(",")];

beforeAll(() => {
  // Whatever koffi and libc do at the first call shall be done by now.
  raw().call("getuid");
});

kernelTest(NEEDS, "counts each system call exactly", async ({ kernel }) => {
  const { rows, lost, totals, outcome } = await traced(kernel, SELF, work);
  expect(countsBy(rows, "syscall")).toMatchObject(COUNTS);
  expect(lost).toEqual(NOTHING_LOST);
  expect(outcome).toEqual({ lost: 0 });
  expect(totals["count"]).toBe(rows.reduce((sum, row) => sum + Number(row["count"]), 0));
});

for (const map of ["array", "hash", "percpu", "lru"])
  kernelTest(NEEDS, `--map ${map} gives the same counts`, async ({ kernel }) => {
    const { rows, lost } = await traced(kernel, [...SELF, ...LIST, "--map", map], work);
    expect(countsBy(rows, "syscall")).toEqual(COUNTS);
    expect(lost).toEqual(NOTHING_LOST);
  });

for (const map of ["array", "hash", "percpu", "lru"])
  kernelTest(NEEDS, `--map ${map} gives the same errors and latencies`, async ({ kernel }) => {
    const args = [...SELF, ...LIST, "--map", map, "--errors", "--latency"];
    const { rows, totals } = await traced(kernel, args, work);
    expect(countsBy(rows, "syscall")).toEqual(COUNTS);
    expect(Object.fromEntries(rows.map((row) => [row["syscall"], row["failed"]]))).toEqual({
      getppid: 0,
      sched_get_priority_max: 0,
      ...FAILED,
    });
    expect(totals).toMatchObject({ count: 1291, failed: 48 });
    for (const row of rows) {
      const [p50, p95, p99, max] = ["p50Ns", "p95Ns", "p99Ns", "maxNs"].map((key) => Number(row[key]));
      expect(p50).toBeGreaterThan(0);
      expect(p50).toBeLessThanOrEqual(p95!);
      expect(p95).toBeLessThanOrEqual(p99!);
      expect(p99).toBeLessThanOrEqual(max!);
      expect(Number(row["totalNs"])).toBeGreaterThanOrEqual(max!);
    }
  });

kernelTest(NEEDS, "-n shows so many rows and totals everything", async ({ kernel }) => {
  const { rows, totals } = await traced(kernel, ["-p", String(process.pid), ...LIST, "-n", "2"], work);
  expect(rows.map((row) => row["syscall"])).toEqual(["getppid", "getsid"]);
  expect(totals).toMatchObject({ count: 1291, shownCount: 1227, rows: 6, shownRows: 2 });
});

describe("failures", () => {
  kernelTest(NEEDS, "-x counts what failed", async ({ kernel }) => {
    const { rows } = await traced(kernel, [...SELF, ...LIST, "-x"], work);
    expect(countsBy(rows, "syscall")).toEqual(FAILED);
  });
  kernelTest(NEEDS, "--errno counts what failed so", async ({ kernel }) => {
    const { rows } = await traced(kernel, [...SELF, ...LIST, "--errno", "ESRCH"], work);
    expect(countsBy(rows, "syscall")).toEqual({ getpgid: 17, getsid: 7 });
  });
  kernelTest(NEEDS, "--by errno counts how it failed", async ({ kernel }) => {
    const { rows } = await traced(kernel, [...SELF, ...LIST, "--by", "errno"], work);
    expect(countsBy(rows, "errno")).toEqual({ ESRCH: 24, EBADF: 13, EINVAL: 11 });
  });
  kernelTest(NEEDS, "--by errno,syscall tells both", async ({ kernel }) => {
    const { rows } = await traced(kernel, [...SELF, ...LIST, "--by", "errno,syscall"], work);
    const found = rows.map(({ errno, syscall, count }) => [errno, syscall, count]);
    expect(found).toEqual([
      ["ESRCH", "getpgid", 17],
      ["EBADF", "fchdir", 13],
      ["EINVAL", "sched_getscheduler", 11],
      ["ESRCH", "getsid", 7],
    ]);
  });
  kernelTest(NEEDS, "what succeeds with a large result is no failure", async ({ kernel }) => {
    // getpriority(2) gives 20 − nice: never negative from the kernel. mmap gives addresses.
    const { rows } = await traced(kernel, [...SELF, "--syscall", "getpriority", "--errors"], () =>
      repeat(19, "getpriority", 0, 0),
    );
    expect(rowWith(rows, { syscall: "getpriority" })).toMatchObject({ count: 19, failed: 0 });
  });
});

describe("--syscall", () => {
  const selected = async (kernel: Parameters<typeof traced>[0], list: string) =>
    countsBy((await traced(kernel, [...SELF, "--syscall", list], work)).rows, "syscall");

  kernelTest(NEEDS, "names and numbers", async ({ kernel }) => {
    const { rows } = await traced(kernel, [...SELF, ...LIST], work);
    const nr = rowWith(rows, { syscall: "getppid" })["nr"];
    expect(await selected(kernel, `#${nr},fchdir`)).toEqual({ getppid: 1009, fchdir: 13 });
  });
  kernelTest(NEEDS, "a group", async ({ kernel }) => {
    const found = await selected(kernel, "%process");
    expect(found).not.toHaveProperty("fchdir");
    const files = await selected(kernel, "%desc");
    expect(files).not.toHaveProperty("getppid");
    expect(files).toMatchObject({ fchdir: 13 });
  });
  kernelTest(NEEDS, "a negation", async ({ kernel }) => {
    const found = await selected(kernel, "!getppid,!fchdir");
    expect(found).toMatchObject({ getsid: 218, sched_get_priority_max: 23, getpgid: 17 });
    expect(found).not.toHaveProperty("getppid");
    expect(found).not.toHaveProperty("fchdir");
  });
  kernelTest(NEEDS, "an expression without one of its calls", async ({ kernel }) => {
    expect(await selected(kernel, "/^sched_get/,!sched_getscheduler")).toEqual({
      sched_get_priority_max: 23,
    });
  });
});

describe("numbers outside the table", () => {
  const outside = () => {
    repeat(19, 600);
    repeat(11, -1);
    repeat(5, 100_000);
  };
  for (const map of ["array", "hash"])
    kernelTest(NEEDS, `are counted as they are, --map ${map}`, async ({ kernel }) => {
      const { rows } = await traced(kernel, [...SELF, "--map", map], outside);
      expect(countsBy(rows, "syscall")).toMatchObject({ "#600": 19, "#-1": 11, "#100000": 5 });
    });
  kernelTest(NEEDS, "fail with ENOSYS", async ({ kernel }) => {
    const { rows } = await traced(kernel, [...SELF, "--errno", String(constants.errno.ENOSYS)], outside);
    expect(countsBy(rows, "syscall")).toMatchObject({ "#600": 19, "#100000": 5 });
  });
  kernelTest(NEEDS, "are selected and left out by number", async ({ kernel }) => {
    const chosen = await traced(kernel, [...SELF, "--syscall", "#600,getsid"], outside);
    expect(countsBy(chosen.rows, "syscall")).toEqual({ "#600": 19 });
    const left = await traced(kernel, [...SELF, "--syscall", "!#600"], outside);
    expect(countsBy(left.rows, "syscall")).toMatchObject({ "#100000": 5 });
    expect(countsBy(left.rows, "syscall")).not.toHaveProperty("#600");
  });
});

kernelTest(NEEDS, "never counts itself unless told to", async ({ kernel }) => {
  const { rows } = await traced(kernel, ["--by", "process", "-n", "0"], work);
  expect(rows.filter((row) => row["pid"] === process.pid)).toEqual([]);
});

kernelTest(NEEDS, "each interval has its own counts", async ({ kernel }) => {
  const args = [...SELF, "--syscall", "getppid,getsid", "-i", "500ms", "--errors", "--latency"];
  const { output } = await traced(kernel, args, async (made) => {
    repeat(101, "getppid");
    await until("report 1 is there", () => made.reports.length >= 1);
    repeat(211, "getsid");
    repeat(17, "getppid");
    await until("report 2 is there", () => made.reports.length >= 2);
  });
  const [first, second, ...more] = output.reports.map((_, index) => countsBy(output.rows(index), "syscall"));
  expect(first).toEqual({ getppid: 101 });
  expect(second).toEqual({ getsid: 211, getppid: 17 });
  for (const later of more) expect(later).toEqual({});
});
