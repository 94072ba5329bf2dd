/** The counters against what the kernel, or another tool, says of the same time. */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import type { Kernel } from "../../../src/bpf/kernel";
import { unavailable } from "../../../src/commands/dashboard/probe";
import { kernelTest, runningKernel } from "../kernel-test";
import { runCommand } from "../run-command";
import { endWorkloads, started, type Workload, workloadFile } from "./workload";

const NEEDS = ["raw-tracepoint", "btf-raw-tracepoint", "mmapable-array"];

afterAll(endWorkloads);

const totalsOf = (rows: readonly Record<string, unknown>[]) =>
  Object.fromEntries(rows.map(({ counter, total }) => [String(counter), Number(total)]));

/** What the first group of an expression finds in a file, as a number. */
function numberIn(file: string, expression: RegExp): number {
  const found = expression.exec(readFileSync(file, "utf8"))?.[1];
  if (found === undefined) throw new Error(`${file}: no ${expression}`);
  return Number(found);
}

kernelTest([...NEEDS, "program:strace"], "system calls as strace -c -f counts them", async ({ kernel }) => {
  const script = `exec ${workloadFile()} o211:c101:x53:r97:w89:f11 < /dev/zero > /dev/null`;
  const { status, stderr } = spawnSync("strace", ["-cf", "sh", "-c", script], { encoding: "utf8" });
  expect(status).toBe(0);
  // % time, seconds, usecs/call, calls, errors if there are any, the call.
  const calls = [...stderr.matchAll(/^ *[\d.]+ +[\d.]+ +\d+ +(\d+)(?: +(\d+))? +(\w+)$/gm)].map(
    ([, all, errors = "0", name]) => ({ name, all: Number(all), errors: Number(errors) }),
  );
  const succeeded = (...names: readonly string[]) =>
    calls
      .filter(({ name = "" }) => names.includes(name))
      .reduce((sum, { all, errors }) => sum + all - errors, 0);
  const expected = {
    failed: calls.reduce((sum, { errors, name }) => sum + (name === "total" ? 0 : errors), 0),
    opens: succeeded("open", "openat", "openat2", "creat"),
    closes: succeeded("close"),
    reads: succeeded("read", "pread64", "readv", "preadv", "preadv2"),
    writes: succeeded("write", "pwrite64", "writev", "pwritev", "pwritev2"),
  };
  expect(expected.opens).toBeGreaterThan(211);
  const args = ["dashboard", "--once", "--events", Object.keys(expected).join(",")];
  const { rows } = await runCommand(kernel, args, ["sh", "-c", script]);
  expect(totalsOf(rows)).toEqual(expected);
});

/** ETH_HLEN, include/uapi/linux/if_ether.h */
const LINK_HEADER = 14;

kernelTest(
  [...NEEDS, "program:unshare", "program:ip"],
  "packets as their network namespace counts them",
  async ({ kernel }) => {
    const inside = ["unshare", "-n", "sh", "-c", 'ip link set lo up && exec "$0" "$@"'];
    const workload = await started("u1009:t53", inside);
    // bytes packets errs drop fifo frame compressed multicast, received and then sent
    const sent = () => {
      const file = `/proc/${workload.pid}/net/dev`;
      const [bytes, packets] = [9, 10].map((column) =>
        numberIn(file, new RegExp(`^ *lo:(?: +\\d+){${column - 1}} +(\\d+)`, "m")),
      );
      return { "tx-bytes": bytes as number, "tx-packets": packets as number };
    };
    const before = sent();
    const args = ["dashboard", "--once", "-p", String(workload.pid), "--events", "tx-packets,tx-bytes"];
    const { rows } = await runCommand(kernel, args, () => workload.work());
    const after = sent();
    await workload.end();
    expect(after["tx-packets"] - before["tx-packets"]).toBeGreaterThan(1009 + 53);
    const packets = after["tx-packets"] - before["tx-packets"];
    // The loopback device takes the link header off before it counts.
    const bytes = after["tx-bytes"] - before["tx-bytes"] + packets * LINK_HEADER;
    expect(totalsOf(rows)).toEqual({ "tx-packets": packets, "tx-bytes": bytes });
  },
);

const hasFaults = () => unavailable("faults", runningKernel().facts) === undefined;

kernelTest(NEEDS, "page faults as the process's own figures have them", async ({ kernel }) => {
  if (!hasFaults()) return;
  const workload = await started("m1009");
  // Minor and major ones are the 10th and 12th field, the 8th and 10th after the name: proc(5).
  const faults = () => {
    const fields = readFileSync(`/proc/${workload.pid}/stat`, "utf8")
      .replace(/^.*\) /, "")
      .split(" ");
    return Number(fields[7]) + Number(fields[9]);
  };
  const before = faults();
  const args = ["dashboard", "--once", "-p", String(workload.pid), "--events", "faults"];
  const { rows } = await runCommand(kernel, args, () => workload.work());
  const expected = faults() - before;
  await workload.end();
  expect(expected).toBeGreaterThanOrEqual(1009);
  // The kernel itself may touch a page first, which is no fault in user mode.
  expect(Math.abs(Number(rows[0]?.["total"]) - expected)).toBeLessThanOrEqual(3);
});

/** The whole machine's figure around a run and inside of it, and what was counted meanwhile. */
async function bracketed(
  kernel: Kernel,
  steps: string,
  counter: string,
  figure: () => number,
): Promise<{ readonly inner: number; readonly counted: number; readonly outer: number }> {
  const workload: Workload = await started(steps);
  let inner = 0;
  const before = figure();
  const { rows } = await runCommand(kernel, ["dashboard", "--once", "--events", counter], async () => {
    const begun = figure();
    await workload.work();
    inner = figure() - begun;
  });
  const outer = figure() - before;
  await workload.end();
  return { inner, counted: Number(rows[0]?.["total"]), outer };
}

/** Switches of this process's threads, which bpfkit takes for its own. */
function ownSwitches(): number {
  return readdirSync("/proc/self/task").reduce((sum, tid) => {
    const status = readFileSync(`/proc/self/task/${tid}/status`, "utf8");
    return [...status.matchAll(/ctxt_switches:\t(\d+)/g)].reduce(
      (all, [, count]) => all + Number(count),
      sum,
    );
  }, 0);
}

kernelTest(NEEDS, "context switches lie between two readings of /proc/stat", async ({ kernel }) => {
  const own = ownSwitches();
  const figure = () => numberIn("/proc/stat", /^ctxt (\d+)$/m);
  const { inner, counted, outer } = await bracketed(kernel, "s2003", "switches", figure);
  expect(inner).toBeGreaterThan(2003);
  expect(counted).toBeLessThanOrEqual(outer);
  expect(counted).toBeGreaterThanOrEqual(inner - (ownSwitches() - own));
});

kernelTest(NEEDS, "forks lie between two readings of /proc/stat", async ({ kernel }) => {
  const figure = () => numberIn("/proc/stat", /^processes (\d+)$/m);
  const { inner, counted, outer } = await bracketed(kernel, "f101:h53", "forks", figure);
  expect(inner).toBeGreaterThanOrEqual(101 + 53);
  expect(counted).toBeLessThanOrEqual(outer);
  // Threads that Node may start meanwhile are taken for bpfkit's own.
  expect(counted).toBeGreaterThanOrEqual(inner - 8);
});

kernelTest(NEEDS, "faults in user mode are the most of those in /proc/vmstat", async ({ kernel }) => {
  if (!hasFaults()) return;
  const figure = () => numberIn("/proc/vmstat", /^pgfault (\d+)$/m);
  const { counted, outer } = await bracketed(kernel, "m20011", "faults", figure);
  expect(counted).toBeGreaterThanOrEqual(20_011);
  // Some are tried again, which vmstat has once.
  expect(counted).toBeLessThanOrEqual(outer * 1.1);
});
