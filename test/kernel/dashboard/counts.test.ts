/** Each counter against a workload that does so much of it. */
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { readFacts } from "../../../src/bpf/facts";
import type { Kernel } from "../../../src/bpf/kernel";
import type { CounterName } from "../../../src/commands/dashboard/counters";
import { unavailable } from "../../../src/commands/dashboard/probe";
import { circumstances, kernelTest, testIf } from "../kernel-test";
import { runCommand } from "../run-command";
import { type Verdict, verdictFor } from "../skip-rules";
import { endWorkloads, started, type Workload } from "./workload";

const NEEDS = ["raw-tracepoint", "btf-raw-tracepoint", "mmapable-array"];

afterAll(endWorkloads);

/** The totals of a run while the workload does its steps. */
async function totals(
  kernel: Kernel,
  steps: string,
  filter: (workload: Workload) => readonly string[] = ({ pid }) => ["-p", String(pid)],
  args: readonly string[] = [],
): Promise<Record<string, number>> {
  const workload = await started(steps);
  const { rows, lost } = await runCommand(kernel, ["dashboard", "--once", ...filter(workload), ...args], () =>
    workload.work(),
  );
  await workload.end();
  expect(lost).toEqual({ missedRuns: 0 });
  return Object.fromEntries(rows.map(({ counter, total }) => [String(counter), Number(total)]));
}

/** All threads and processes of that name: children too. */
const byName = () => ["--comm", "dash-load"];

const counted: readonly (readonly [what: string, steps: string, counts: Record<string, number>])[] = [
  // Besides what is asked for: it reads a byte before, and writes one after.
  ["system calls and failures", "x1009", { syscalls: 1011, failed: 1009, opens: 0, reads: 1, writes: 1 }],
  ["opens", "o1009", { opens: 1009, closes: 0, unclosed: 1009, failed: 0 }],
  ["opens and closes", "o211:c101", { opens: 211, closes: 101, unclosed: 110 }],
  ["reads and their bytes", "r1009", { reads: 1010, "read-bytes": 7 * 1009 + 1, writes: 1 }],
  ["writes and their bytes", "w1009", { writes: 1010, "write-bytes": 11 * 1009 + 1, reads: 1 }],
];

for (const [what, steps, counts] of counted)
  kernelTest(NEEDS, `counts ${what}`, async ({ kernel }) => {
    expect(await totals(kernel, steps)).toMatchObject(counts);
  });

kernelTest(NEEDS, "counts packets sent over loopback, with IP, UDP and link header", async ({ kernel }) => {
  const found = await totals(kernel, "u1009");
  expect(found).toMatchObject({ "tx-packets": 1009, "tx-bytes": 1009 * (13 + 8 + 20 + 14) });
});

kernelTest(NEEDS, "counts packets received, without link header", async ({ kernel }) => {
  // They arrive in the name of whoever runs just then, so nobody is left out, and others may receive too.
  const found = await totals(kernel, "u1009", () => []);
  expect(found["rx-packets"]).toBeGreaterThanOrEqual(1009);
  expect(found["rx-bytes"]).toBeGreaterThanOrEqual(1009 * (13 + 8 + 20));
  expect(found["tx-packets"]).toBeGreaterThanOrEqual(1009);
});

kernelTest(NEEDS, "counts packets that nobody wants as dropped", async ({ kernel }) => {
  // The socket that they are sent to reads none, and has room for fewer.
  const found = await totals(kernel, "u10007", () => []);
  expect(found["drops"]).toBeGreaterThan(0);
});

kernelTest(NEEDS, "counts processes, the threads among them, and their ends", async ({ kernel }) => {
  expect(await totals(kernel, "f101:h53", byName)).toMatchObject({ forks: 154, exits: 154, execs: 0 });
});

kernelTest(NEEDS, "counts programs that are started", async ({ kernel }) => {
  expect(await totals(kernel, "e53", byName)).toMatchObject({ forks: 53, execs: 53, exits: 53 });
});

kernelTest(
  NEEDS,
  "a child's return from its parent's fork is no system call of its own",
  async ({ kernel }) => {
    const one = await totals(kernel, "f1", byName);
    const more = await totals(kernel, "f102", byName);
    // A fork and a wait each, and libc's set_robust_list in the child; an end does not return.
    expect((more["syscalls"] as number) - (one["syscalls"] as number)).toBe(303);
  },
);

kernelTest(NEEDS, "counts context switches as the kernel does", async ({ kernel }) => {
  const workload = await started("s101");
  const before = switchesOf(workload.pid);
  const args = ["dashboard", "--once", "-p", String(workload.pid), "--events", "switches"];
  const { rows } = await runCommand(kernel, args, () => workload.work());
  const after = switchesOf(workload.pid);
  await workload.end();
  // A sleep that is over before it began takes none, which an emulated processor can be slow enough for.
  expect(after - before).toBeGreaterThan(53);
  expect(rows).toMatchObject([{ counter: "switches", total: after - before }]);
});

function switchesOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return [...status.matchAll(/ctxt_switches:\t(\d+)/g)].reduce((sum, [, count]) => sum + Number(count), 0);
}

/** Left out where this kernel lacks the tracepoint. */
const has = (name: CounterName) => unavailable(name, readFacts()) === undefined;

kernelTest(NEEDS, "counts page faults of fresh memory, where there is a tracepoint", async ({ kernel }) => {
  const [less, more] = [await totals(kernel, "m101"), await totals(kernel, "m1110")];
  if (has("faults")) expect((more["faults"] as number) - (less["faults"] as number)).toBe(1009);
  else expect(more).not.toHaveProperty("faults");
});

kernelTest(NEEDS, "counts TCP connections from both ends", async ({ kernel }) => {
  const found = await totals(kernel, "t53", () => []);
  expect(found["connects"]).toBeGreaterThanOrEqual(53);
  expect(found["accepts"]).toBeGreaterThanOrEqual(53);
  expect(await totals(kernel, "t53")).toMatchObject({ connects: 53 });
});

/** Block devices have a major number; tmpfs, overlays and shares have none. */
const hasDisk = statSync(tmpdir()).dev >> 8 !== 0;
const needsDisk: Verdict = { kind: "skip", reason: `"${tmpdir()}" lies on no disk` };

testIf(
  hasDisk ? verdictFor(NEEDS, circumstances) : needsDisk,
  "counts what goes to the disk",
  async ({ kernel }) => {
    const found = await totals(kernel, "d23", undefined, ["--events", "block-ios,block-bytes"]);
    expect(found).toEqual({ "block-ios": 23, "block-bytes": 23 * 4096 });
  },
);

kernelTest(NEEDS, "with -- only the program and its descendants count", async ({ kernel }) => {
  const { rows } = await runCommand(
    kernel,
    ["dashboard", "--once", "--events", "execs,forks,exits"],
    ["sh", "-c", "/bin/true; /bin/true; /bin/true; exit 0"],
  );
  const found = Object.fromEntries(rows.map(({ counter, total }) => [counter, total]));
  expect(found).toEqual({ execs: 4, forks: 3, exits: 4 });
});

kernelTest(NEEDS, "bpfkit does not count itself, unless told to", async ({ kernel }) => {
  const name = readFileSync("/proc/self/comm", "utf8").trimEnd();
  writeFileSync("/proc/self/comm", "dash-itself");
  try {
    const args = ["dashboard", "--once", "--events", "opens", "--comm", "dash-itself"];
    const work = () => {
      for (let i = 0; i < 101; i++) readFileSync("/proc/self/comm");
    };
    const { rows } = await runCommand(kernel, args, work);
    expect(rows).toMatchObject([{ total: 0 }]);
    const { rows: told } = await runCommand(kernel, [...args, "-p", String(process.pid)], work);
    expect(told[0]?.["total"]).toBeGreaterThanOrEqual(101);
  } finally {
    writeFileSync("/proc/self/comm", name);
  }
});
