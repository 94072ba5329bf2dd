import { execFileSync } from "node:child_process";
import { realpathSync } from "node:fs";
import { kernelTest } from "../kernel-test";
import { rounds } from "../rounds";
import { counted } from "./counted";
import { loop } from "./processes";
import { program } from "./programs";

const NEEDS = ["btf-raw-tracepoint"];
const COMPILED = [...NEEDS, "program:gcc"];

type Event = Record<string, unknown>;

/** The lines of a run as NDJSON. */
async function events(
  kernel: Parameters<typeof counted>[0],
  args: readonly string[],
  command: readonly string[],
): Promise<{ lines: Event[]; last: Event; outcome: unknown }> {
  const { printed, outcome } = await counted(kernel, ["--events", ...args], command, "ndjson");
  const lines = printed
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Event);
  const last = lines.pop() as Event;
  return { lines, last, outcome };
}

kernelTest(NEEDS, "an event for each execution, in order, with its arguments", async ({ kernel }) => {
  const words = ["/bin/true", "a b", "", "é\x1b[31m\n"];
  const { lines, last } = await events(
    kernel,
    ["--exe"],
    ["sh", "-c", '"$0" "$@"; /bin/echo >/dev/null', ...words],
  );
  expect(lines.map((line) => line["comm"])).toEqual(["sh", "true", "echo"]);
  const shell = lines[0]?.["pid"];
  expect(lines[1]).toMatchObject({
    event: "exec",
    ppid: shell,
    parent: "sh",
    uid: process.getuid?.(),
    exe: realpathSync("/bin/true"),
    args: words,
    argsCut: false,
  });
  expect(last).toMatchObject({ event: "end", count: 3, lost: { ringFull: 0, missedRuns: 0 } });
});

kernelTest(NEEDS, "times are those of the events, not of the output", async ({ kernel }) => {
  const before = Date.now();
  const { lines } = await events(kernel, [], ["sh", "-c", "/bin/true; sleep 0.2; /bin/true"]);
  const [, first = 0, , second = 0] = lines.map((line) => Date.parse(line["time"] as string));
  expect(first).toBeGreaterThanOrEqual(before - 5);
  expect(second - first).toBeGreaterThanOrEqual(190);
  expect(second).toBeLessThanOrEqual(Date.now() + 5);
});

kernelTest(NEEDS, "--exit joins the arguments and the end of a process", async ({ kernel }) => {
  const script = "sh -c 'exit 3'; sh -c 'kill -9 $$'; /bin/true";
  const { lines } = await events(kernel, ["--exit"], ["sh", "-c", script]);
  const exits = lines.filter(({ event }) => event === "exit");
  const end = (words: readonly string[]) =>
    exits.find(({ args }) => JSON.stringify(args) === JSON.stringify(words));
  expect(exits).toHaveLength(4);
  expect(end(["sh", "-c", "exit 3"])).toMatchObject({ exitCode: 3 });
  expect(end(["sh", "-c", "kill -9 $$"])).toMatchObject({ signal: "SIGKILL", coreDumped: false });
  expect(end(["/bin/true"])).toMatchObject({ exitCode: 0 });
  for (const exit of exits) {
    expect(exit["cpuNs"]).toBeGreaterThan(0);
    expect(exit["ageNs"]).toBeGreaterThan(0);
    expect(exit["maxRssBytes"]).toBeGreaterThan(0);
  }
});

kernelTest(COMPILED, "an exit sums up all threads of the process", async ({ kernel }) => {
  const worker = program("worker");
  const script = `${worker} 1 40000000 0 0; ${worker} 7 40000000 0 0`;
  const { lines } = await events(kernel, ["--exit"], ["sh", "-c", script]);
  const [one, seven] = lines
    .filter(({ event, comm }) => event === "exit" && comm === "worker")
    .map(({ cpuNs }) => Number(cpuNs));
  expect(seven).toBeGreaterThan(3 * Number(one));
});

kernelTest(COMPILED, "of a storm every start and end comes through, or is counted", async ({ kernel }) => {
  const each = rounds(1009, 31);
  const storm = program("storm");
  const nothing = program("nothing");
  const { lines, last, outcome } = await events(kernel, ["--exit"], [storm, "7", String(each), nothing]);
  const lost = Object.values(last["lost"] as Record<string, number>).reduce((sum, count) => sum + count, 0);
  // The storm executes too, and it and its seven processes end.
  expect(lines.length + lost).toBe(2 * 7 * each + 9);
  expect(outcome).toEqual({ lost });
  const seen = (wanted: string) =>
    lines.filter(({ event, comm }) => event === wanted && comm === "nothing").length;
  if (lost === 0) expect([seen("exec"), seen("exit")]).toEqual([7 * each, 7 * each]);
});

kernelTest(COMPILED, "100,051 executions at once are events, or are counted as lost", async ({ kernel }) => {
  const each = rounds(14_293, 31);
  const storm = program("storm");
  const nothing = program("nothing");
  const { printed, outcome } = await counted(
    kernel,
    ["--events"],
    [storm, "7", String(each), nothing],
    "ndjson",
  );
  const lines = printed.trimEnd().split("\n");
  const { count, lost } = JSON.parse(lines.at(-1)!) as { count: number; lost: Record<string, number> };
  expect(count).toBe(lines.length - 1);
  expect(count + lost["ringFull"]! + lost["missedRuns"]!).toBe(7 * each + 1);
  expect(outcome).toEqual({ lost: lost["ringFull"]! + lost["missedRuns"]! });
});

kernelTest(COMPILED, "what does not fit into the ring buffer is counted", async ({ kernel }) => {
  const times = 311;
  const command = [program("nothing"), "x".repeat(17_000)];
  const { printed, outcome } = await counted(
    kernel,
    ["--events", "--comm", "nothing", "--args-size", "16K"],
    // While this waits nobody reads, and 4 MiB hold 255 such command lines.
    () => void execFileSync("sh", ["-c", loop(times, '"$0" "$1"'), ...command]),
    "ndjson",
  );
  const lines = printed.trimEnd().split("\n").length - 1;
  const last = JSON.parse(printed.trimEnd().split("\n").at(-1)!) as { lost: { ringFull: number } };
  expect(last.lost.ringFull).toBeGreaterThan(0);
  expect(lines + last.lost.ringFull).toBe(times);
  expect(outcome).toEqual({ lost: last.lost.ringFull });
});

kernelTest(NEEDS, "--flapping shows what fails again and again", async ({ kernel }) => {
  const script = "for i in 1 2 3 4 5; do sh -c 'exit 7'; /bin/true; done; /bin/false";
  const { rows } = await counted(kernel, ["--flapping", "3/min"], ["bash", "-c", script]);
  expect(rows).toEqual([
    { args: ["sh", "-c", "exit 7"], perMinute: 5, failed: 5, ended: 5, lastStatus: "status 7" },
  ]);
});

kernelTest(NEEDS, "--tree puts what children cost under those who started them", async ({ kernel }) => {
  const script = "bash -c '/bin/true; /bin/true; :'; /bin/false; :";
  const { rows } = await counted(kernel, ["--tree"], ["bash", "-c", script]);
  expect(rows.map(({ comm, depth, count }) => [comm, depth, count]).sort()).toEqual([
    ["bash", 0, 5],
    ["bash", 1, 3],
    ["false", 1, 1],
    ["true", 2, 1],
    ["true", 2, 1],
  ]);
  const [root, ...others] = rows;
  const self = rows.reduce((sum, row) => sum + Number(row["selfCpuNs"]), 0);
  expect(root?.["cpuNs"]).toBe(self);
  expect(others.every((row) => Number(row["cpuNs"]) <= Number(root?.["cpuNs"]))).toBe(true);
});
