import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { scratchFolder } from "../../run-folder";
import { kernelTest } from "../kernel-test";
import { counted, rowOf } from "./counted";
import { program } from "./programs";

const NEEDS = ["btf-raw-tracepoint", "iterator-program", "program:gcc"];

/** What /proc shows of a process of one thread, by the names that proc-count has for it. */
function accountOf(pid: number) {
  const read = (name: string) => readFileSync(`/proc/${pid}/${name}`, "utf8");
  const field = (text: string, name: string) =>
    Number(new RegExp(`^${name}:\\s*(\\d+)`, "m").exec(text)?.[1]);
  const [io, status] = [read("io"), read("status")];
  // From the third field on: proc_pid_stat(5).
  const stat = read("stat").split(") ")[1]!.split(" ");
  const [cpuNs = 0, runQueueNs = 0] = read("schedstat").split(" ").map(Number);
  return {
    cpuNs,
    runQueueNs,
    voluntarySwitches: field(status, "voluntary_ctxt_switches"),
    involuntarySwitches: field(status, "nonvoluntary_ctxt_switches"),
    minorFaults: Number(stat[7]),
    majorFaults: Number(stat[9]),
    readBytes: field(io, "read_bytes"),
    writtenBytes: field(io, "write_bytes"),
  };
}

type Account = ReturnType<typeof accountOf>;

/** A process that does something for each byte it gets, and sleeps until the next. */
async function startDoer() {
  const child = spawn(program("doer"), [join(scratchFolder(), "data")], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  await once(child, "spawn");
  const pid = child.pid as number;
  const asleep = () => readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.startsWith("S");
  const settled = async () => {
    while (!asleep()) await new Promise((resolve) => setImmediate(resolve));
  };
  await settled();
  return {
    pid,
    async work() {
      const done = once(child.stdout, "data");
      child.stdin.write(".");
      await done;
      await settled();
    },
    async end() {
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    },
  };
}

kernelTest(NEEDS, "what a process cost in between is what /proc shows", async ({ kernel }) => {
  const doer = await startDoer();
  try {
    await doer.work();
    const before = accountOf(doer.pid);
    const { rows } = await counted(kernel, ["--cost", "--by", "pid", "-n", "0"], () => doer.work());
    const after = accountOf(doer.pid);
    const row = rowOf(rows, "pid", doer.pid);
    const names = Object.keys(after) as (keyof Account)[];
    expect(row).toMatchObject(Object.fromEntries(names.map((name) => [name, after[name] - before[name]])));
    expect(row).toMatchObject({ count: 0, running: 1, exits: 0 });
    // With huge pages a fault is for 2 MiB.
    expect(Number(row["minorFaults"])).toBeGreaterThanOrEqual(31 / 2);
    expect(Number(row["voluntarySwitches"])).toBeGreaterThanOrEqual(43);
  } finally {
    await doer.end();
  }
});

kernelTest(NEEDS, "the memory of a process that runs on is its peak", async ({ kernel }) => {
  const doer = await startDoer();
  try {
    const { rows } = await counted(kernel, ["--cost", "--by", "pid", "-n", "0"], () => doer.work());
    const peak = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${doer.pid}/status`, "utf8"))?.[1];
    // The kernel's counters per CPU are added up more or less exactly: at most a batch of 32 pages or twice the CPUs each.
    const bytes = Number(rowOf(rows, "pid", doer.pid)["maxRssBytes"]);
    expect(Math.abs(bytes - Number(peak) * 1024)).toBeLessThan(1 << 20);
    expect(bytes).toBeGreaterThan(31 << 20);
  } finally {
    await doer.end();
  }
});
