import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { tellsLastThread } from "../../../src/probes/last-thread";
import { scratchFolder } from "../../run-folder";
import { kernelTest } from "../kernel-test";
import { counted, rowOf } from "./counted";
import { loop } from "./processes";
import { program } from "./programs";

const NEEDS = ["btf-raw-tracepoint"];
const COMPILED = [...NEEDS, "program:gcc"];

const MS = 1e6;

kernelTest(
  [...COMPILED, "program:time"],
  "time, switches and memory as /usr/bin/time has them",
  async ({ kernel }) => {
    const report = `${scratchFolder()}/report`;
    const work = [
      "time",
      "-f",
      "%e %U %S %M %c %w %x",
      "-o",
      report,
      program("worker"),
      "7",
      "60000000",
      "101",
      "3",
    ];
    const { rows, lost } = await counted(kernel, ["--cost"], work);
    const [, user = 0, system = 0, kib = 0, involuntary = 0, voluntary = 0] = readFileSync(report, "utf8")
      .trim()
      .split("\n")
      .at(-1)!
      .split(" ")
      .map(Number);
    const row = rowOf(rows, "comm", "worker");
    expect(row).toMatchObject({
      count: 1,
      exits: 1,
      failed: 1,
      killed: 0,
      running: 0,
      maxRssBytes: kib * 1024,
    });
    // time shows hundredths, each cut off, and begins at the fork.
    const cpuNs = Number(row["cpuNs"]);
    expect(Math.abs(cpuNs - (user + system) * 1e9)).toBeLessThan(Math.max(40 * MS, 0.03 * cpuNs));
    // Each of eight threads may be pushed aside once more after its account.
    expect(Math.abs(Number(row["involuntarySwitches"]) - involuntary)).toBeLessThanOrEqual(16);
    // The last switch of a thread comes after the kernel has taken its account.
    expect(Number(row["voluntarySwitches"]) - voluntary).toBeGreaterThanOrEqual(0);
    expect(Number(row["voluntarySwitches"]) - voluntary).toBeLessThanOrEqual(9);
    expect(lost).toMatchObject({ mapFull: 0, tasksFull: 0 });
  },
);

kernelTest(
  [...COMPILED, "program:time"],
  "what is read and written as /usr/bin/time has it",
  async ({ kernel }) => {
    const folder = scratchFolder();
    const doer = program("doer");
    const report = `${folder}/blocks`;
    const script = `printf .... | time -f '%I %O' -o ${report} ${doer} ${folder}/data`;
    const { rows } = await counted(kernel, ["--cost"], ["sh", "-c", script]);
    // In blocks of 512 bytes, whatever the file system; one in memory has none.
    const [read = 0, written = 0] = readFileSync(report, "utf8").trim().split(" ").map(Number);
    const { readBytes, writtenBytes } = rowOf(rows, "comm", "doer");
    expect(Number(writtenBytes)).toBe(written * 512);
    // time begins at the fork, and the program itself may have to be read.
    expect(Math.abs(Number(readBytes) - read * 512)).toBeLessThanOrEqual(64 << 10);
  },
);

kernelTest(COMPILED, "user time is the program's, system time the kernel's", async ({ kernel }) => {
  const command = [
    "sh",
    "-c",
    `${program("worker")} 1 100000000 0 0; dd if=/dev/zero of=/dev/null bs=1 count=200000`,
  ];
  const { rows } = await counted(kernel, ["--cost"], command);
  const share = (comm: string) => {
    const { userNs, systemNs, cpuNs } = rowOf(rows, "comm", comm);
    expect(Number(userNs) + Number(systemNs)).toBe(Number(cpuNs));
    return Number(userNs) / Number(cpuNs);
  };
  // Tens of clock ticks see each of them.
  expect(share("worker")).toBeGreaterThan(0.7);
  expect(share("dd")).toBeLessThan(0.7);
});

kernelTest(NEEDS, "statuses and signals are counted, dead or alive", async ({ kernel }) => {
  const script = [
    loop(5, "/bin/sh -c 'exit 3'"),
    "sh -c 'kill -9 $$'; sh -c 'kill -9 $$'; sh -c 'kill -15 $$'",
    "/bin/true",
  ].join(";");
  const { rows, totals } = await counted(kernel, ["--cost", "--by", "comm"], ["bash", "-c", script]);
  expect(rowOf(rows, "comm", "sh")).toMatchObject({
    count: 8,
    exits: 8,
    failed: 5,
    killed: 3,
    signals: { SIGKILL: 2, SIGTERM: 1 },
    running: 0,
  });
  expect(rowOf(rows, "comm", "true")).toMatchObject({ count: 1, exits: 1, failed: 0 });
  expect(totals["running"]).toBe(0);
});

kernelTest(NEEDS, "a sleeper costs time but no CPU", async ({ kernel }) => {
  const { rows } = await counted(kernel, ["--cost"], ["sh", "-c", "sleep 0.3; :"]);
  const { wallNs, cpuNs } = rowOf(rows, "comm", "sleep");
  // An emulated machine charges some of its own time to whoever runs.
  expect(Number(wallNs) - Number(cpuNs)).toBeGreaterThanOrEqual(250 * MS);
});

kernelTest(
  NEEDS,
  "the memory of a program is its own, where the kernel still has it at the end",
  async ({ kernel }) => {
    // COMMAND is started by node, which is large.
    const { rows } = await counted(kernel, ["--cost"], ["sh", "-c", ":"]);
    const { printed } = await counted(kernel, ["--events", "--exit"], ["sh", "-c", ":"], "ndjson");
    const exit = printed.split("\n").find((line) => line.includes('"exit"')) ?? "{}";
    const isKnown = tellsLastThread(kernel.facts.btf()!);
    for (const bytes of [rowOf(rows, "comm", "sh")["maxRssBytes"], JSON.parse(exit).maxRssBytes]) {
      expect(Number(bytes)).toBeGreaterThan(100_000);
      expect(Number(bytes) < 8 << 20).toBe(isKnown);
    }
  },
);

kernelTest(COMPILED, "short threads in great number are charged in full", async ({ kernel }) => {
  const script = loop(41, `${program("worker")} 8 1000 0 0`);
  const { rows } = await counted(kernel, ["--cost"], ["sh", "-c", script]);
  const row = rowOf(rows, "comm", "worker");
  expect(row).toMatchObject({ count: 41, exits: 41, failed: 0, running: 0 });
  expect(Number(row["cpuNs"])).toBeGreaterThan(0);
});

kernelTest(
  COMPILED,
  "a process from before until after is charged for the time in between",
  async ({ kernel }) => {
    const child = spawn(program("worker"), ["2", "100000000000", "0", "0"]);
    try {
      await once(child, "spawn");
      await new Promise((resolve) => setTimeout(resolve, 300));
      const scheduled = () =>
        Number(readFileSync(`/proc/${child.pid}/stat`, "utf8").split(") ")[1]!.split(" ")[11]) * 10 * MS;
      let within = 0;
      const atFirst = scheduled();
      const { rows } = await counted(kernel, ["--cost", "--by", "pid", "-n", "0"], async () => {
        const before = scheduled();
        await new Promise((resolve) => setTimeout(resolve, 500));
        within = scheduled() - before;
      });
      const around = scheduled() - atFirst;
      const row = rowOf(rows, "pid", child.pid!);
      expect(row).toMatchObject({ comm: "worker", count: 0, exits: 0, running: 1 });
      expect(within).toBeGreaterThan(0);
      // stat counts in hundredths, and of two threads that run the last tick is not accounted yet.
      const unsure = Math.max(60 * MS, within / 4);
      expect(Number(row["cpuNs"])).toBeGreaterThan(within - unsure);
      expect(Number(row["cpuNs"])).toBeLessThan(around + unsure);
    } finally {
      child.kill("SIGKILL");
      await once(child, "exit");
    }
  },
);

kernelTest(NEEDS, "-p charges this process and not its children", async ({ kernel }) => {
  const child = spawn("sh", ["-c", `read x; ${loop(19, "/bin/true")}; echo; read x`]);
  try {
    await once(child, "spawn");
    const { rows } = await counted(kernel, ["--cost", "-p", String(child.pid), "-n", "0"], async () => {
      const done = once(child.stdout, "data");
      child.stdin.write("\n");
      await done;
    });
    expect(rows.map((row) => row["comm"])).toEqual(["sh"]);
    expect(rows[0]).toMatchObject({ count: 0, forks: 19, running: 1 });
  } finally {
    child.kill("SIGKILL");
    await once(child, "exit");
  }
});

kernelTest(NEEDS, "a table of tasks that is too small says what it lost", async ({ kernel }) => {
  const { lost } = await counted(
    kernel,
    ["--cost", "--max-entries", "2"],
    ["sh", "-c", "(/bin/true; :) & (/bin/true; :) & (/bin/true; :) & wait"],
  );
  expect(Number(lost["tasksFull"])).toBeGreaterThan(0);
});
