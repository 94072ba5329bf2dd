/** `-- COMMAND` and other tools that count, over the same work. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { nativeAbi, syscallName } from "../../../src/symbols/syscalls";
import { ATTACHED, bpfkit, bpfkitStarted, documentOf } from "../../cli/built-bpfkit";
import { started } from "../../cli/spawned";
import { scratchFolder } from "../../run-folder";
import { kernelTest } from "../kernel-test";
import { countsBy, traced } from "./traced";
import { beginWorkload, calls, endWorkloads, until, untilIn, workloadAs } from "./workload";

const NEEDS = ["raw-tracepoint", "btf-raw-tracepoint"];

afterAll(() => {
  endWorkloads();
  delete process.env["WORKLOAD"];
});

/** The workload for others to start: where its file is it learns from the environment. */
function workload(): string {
  const file = workloadAs("workload");
  process.env["WORKLOAD"] = file;
  return file;
}

const STEPS: readonly (readonly [string, readonly string[]])[] = [
  ["one thread", [calls("getppid", 101), calls("getsid", 23), calls("fchdir", 7, -1)]],
  [
    "threads and children",
    [calls("getppid", 13), "t", "f", calls("getsid", 23), "v", "e", calls("getppid", 101)],
  ],
];

/** The columns "calls" and "syscall" of `strace -c`. */
function straceCounts(summary: string): Record<string, number> {
  const lines = summary.split("\n").filter((line) => /^ *\d+\.\d\d /.test(line));
  return Object.fromEntries(
    lines.flatMap((line) => {
      const words = line.trim().split(/ +/);
      const name = words.at(-1) as string;
      return name === "total" ? [] : [[name, Number(words[3])]];
    }),
  );
}

/** What syscount prints. It knows the names of x86-64 only; elsewhere it asks ausyscall, and gives numbers without. */
function syscountCounts(output: string): Record<string, number> {
  const native = nativeAbi(process.arch);
  return Object.fromEntries(
    [...output.matchAll(/^(?:\[unknown: (\d+)\]|(\w+)) +(\d+)$/gm)].map(([, number, name, count]) => [
      name ?? syscallName(native, Number(number)),
      Number(count),
    ]),
  );
}

for (const [name, steps] of STEPS)
  kernelTest(
    [...NEEDS, "program:gcc", "program:strace"],
    `-- COMMAND counts what strace -c -f counts, to the call: ${name}`,
    async () => {
      const command = [workload(), ...steps];
      const summary = join(scratchFolder(), "strace.txt");
      const strace = spawnSync("strace", ["-c", "-f", "-o", summary, ...command], { env: process.env });
      expect(strace.status).toBe(0);
      const expected = straceCounts(readFileSync(summary, "utf8"));
      for (const option of [[], ["--errors"], ["--latency"], ["--map", "hash"]]) {
        const { rows, totals } = documentOf(
          await bpfkit("syscall-top", "--json", "-n", "0", ...option, "--", ...command),
        );
        const counts = countsBy(rows, "syscall");
        // The last call of a thread or process does not return, so it is entered but not counted at the exit;
        // strace lists it in neither case or both, as it pleases.
        for (const last of ["exit", "exit_group"]) {
          delete counts[last];
          delete expected[last];
        }
        expect(counts).toEqual(expected);
        expect(totals["count"]).toBe(rows.reduce((sum, row) => sum + Number(row["count"]), 0));
      }
    },
  );

kernelTest([...NEEDS, "program:gcc"], "-- COMMAND counts nothing but the command", async () => {
  const other = await beginWorkload(["r", calls("getsid", 997)]);
  const running = bpfkitStarted("syscall-top", "--json", "-n", "0", "--", "sleep", "1");
  await running.shows(ATTACHED);
  await other.finish();
  const { rows } = documentOf(await running.ended);
  const counts = countsBy(rows, "syscall");
  expect(counts).toMatchObject({ execve: 1, clock_nanosleep: 1 });
  expect(counts).not.toHaveProperty("getsid");
});

kernelTest(NEEDS, "-- COMMAND: a prime number of writes by dd", async () => {
  const dd = ["dd", "if=/dev/zero", "of=/dev/null", "bs=1", "count=1009", "status=none"];
  const { rows } = documentOf(
    await bpfkit("syscall-top", "--json", "--by", "comm,syscall", "--syscall", "write", "--", ...dd),
  );
  expect(rows).toMatchObject([{ comm: "dd", syscall: "write", count: 1009 }]);
});

kernelTest(
  [...NEEDS, "program:gcc", "program:syscount"],
  "libbpf-tools syscount counts the same work alike",
  async ({ kernel }) => {
    const begun = await beginWorkload([
      "r",
      calls("getppid", 1009),
      calls("getsid", 23),
      calls("fchdir", 7, -1),
      "s:600000000000",
    ]);
    const args = ["-p", String(begun.pid), "-n", "0"];
    let peer = "";
    const { rows } = await traced(kernel, args, async () => {
      // It needs tracefs, which need not be mounted: so it gets a mount of its own.
      const mounted = 'mount -t tracefs tracefs /sys/kernel/tracing; exec syscount -T 100 -p "$0"';
      const syscount = started("unshare", ["-m", "sh", "-c", mounted, String(begun.pid)]);
      // What it prints stays in its buffer until the end, but it sleeps once it is attached.
      const pid = syscount.child.pid as number;
      await until("syscount runs", () => readFileSync(`/proc/${pid}/comm`, "utf8") === "syscount\n");
      await untilIn(pid, "clock_nanosleep");
      begun.child.stdin?.write(".");
      await untilIn(begun.pid, "nanosleep");
      syscount.child.kill("SIGINT");
      const { stdout, stderr } = await syscount.ended;
      peer = stdout + stderr;
    });
    begun.child.kill();
    const known = { getppid: 1009, getsid: 23, fchdir: 7 };
    expect(countsBy(rows, "syscall")).toMatchObject(known);
    expect(syscountCounts(peer)).toMatchObject(known);
  },
);

kernelTest(
  [...NEEDS, "program:gcc", "program:unshare", "pid-namespace-helper"],
  "in a PID namespace ids are those of the namespace",
  async () => {
    const driver = join(__dirname, "namespace-driver.js");
    const inside = spawn(
      "unshare",
      ["-p", "-f", "--mount-proc", process.execPath, driver, workloadAs("workload")],
      {
        stdio: ["ignore", "pipe", "inherit"],
      },
    );
    let text = "";
    inside.stdout.setEncoding("utf8").on("data", (part: string) => {
      text += part;
    });
    const [code] = await once(inside, "close");
    expect(code).toBe(0);
    const { rows, pids, own } = JSON.parse(text);
    // The first process of the namespace is the driver itself.
    expect(own).toBe(1);
    expect(rows.processes).toEqual([
      { pid: pids[0], comm: "workload", count: 101 },
      { pid: pids[1], comm: "workload", count: 23 },
    ]);
    expect(rows.one).toEqual([{ pid: pids[3], comm: "workload", count: 11 }]);
    expect(rows.self).toEqual([expect.objectContaining({ pid: 1, count: 7 })]);
  },
);
