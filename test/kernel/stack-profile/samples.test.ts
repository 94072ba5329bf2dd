/** Samples of programs that spend their time in known shares. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { bpfkit, bpfkitDuring } from "../../cli/built-bpfkit";
import { scratchFolder } from "../../run-folder";
import { kernelTest } from "../kernel-test";
import { rounds } from "../rounds";
import { countOf, type Profiled, profiled, profileOf, through } from "./profiled";
import { program, WITH_FRAME_POINTERS } from "./programs";

const NEEDS = ["perf-event", "btf", "ring-buffer", "program:gcc"];
/**
 * Of processor time: enough samples at this rate. An emulated machine takes seconds for a round of the program, and
 * could not read samples as fast as they would come.
 */
const RUN_MS = String(rounds(1000, 4000));
const OFTEN = ["--freq", String(rounds(997, 197))];
/** Percent: an emulated machine is slow at some instructions, and takes its samples where the emulator lets it. */
const TOLERANCE = rounds(3, 8);

/** The shares of the three loops, in percent of all three. */
function shares({ stacks }: Profiled): number[] {
  const counts = ["hot_sixty", "hot_thirty", "hot_ten"].map((name) => countOf(through(stacks, name)));
  const all = counts.reduce((sum, count) => sum + count, 0);
  expect(all).toBeGreaterThan(100);
  return counts.map((count) => (100 * count) / all);
}

function expectShares(profile: Profiled): void {
  const [sixty, thirty, ten] = shares(profile) as [number, number, number];
  expect(Math.abs(sixty - 60)).toBeLessThan(TOLERANCE);
  expect(Math.abs(thirty - 30)).toBeLessThan(TOLERANCE);
  expect(Math.abs(ten - 10)).toBeLessThan(TOLERANCE);
}

kernelTest(NEEDS, "a command's call chains and their shares", async () => {
  const profile = await profiled(...OFTEN, "--", program("shares"), RUN_MS);
  expectShares(profile);
  const { stacks } = profile;
  expect(countOf(through(stacks, "main", "work", "outer", "hot_sixty"))).toBe(
    countOf(through(stacks, "hot_sixty")),
  );
  expect(countOf(through(stacks, "main", "work", "inner", "hot_ten"))).toBe(
    countOf(through(stacks, "hot_ten")),
  );
  expect(through(stacks, "outer", "hot_ten")).toEqual([]);
  expect(new Set(stacks.map(({ label }) => label))).toEqual(new Set(["bk-shares"]));
});

const compiled = [
  ["-O0", "-fno-omit-frame-pointer"],
  [...WITH_FRAME_POINTERS, "-static"],
  ["-O3", "-fno-omit-frame-pointer", "-no-pie"],
];
// No kernel has a say in how programs are compiled.
for (const flags of compiled.slice(0, rounds(compiled.length, 1)))
  kernelTest(NEEDS, `functions are named: gcc ${flags.join(" ")}`, async () => {
    expectShares(await profiled(...OFTEN, "-U", "--", program("shares", flags), RUN_MS));
  });

kernelTest(NEEDS, "what is stripped shows file and place, and why there is no name", async () => {
  const flags = [...WITH_FRAME_POINTERS, "-s"];
  const { stacks, notes } = await profiled("-U", "--", program("shares", flags, "bk-stripped"), RUN_MS);
  const inner = stacks.map(({ names }) => names.at(-1)).filter((name) => name?.startsWith("[bk-stripped+0x"));
  expect(inner.length).toBeGreaterThan(0);
  expect(notes.join("\n")).toContain("bk-stripped: the file has no symbols for its own functions");
});

kernelTest(NEEDS, "a process that has ended before the report is named", async () => {
  const ended = await bpfkitDuring(["stack-profile", "--json", ...OFTEN, "--comm", "bk-gone"], async () => {
    const [status] = await once(spawn(program("shares", WITH_FRAME_POINTERS, "bk-gone"), ["200"]), "exit");
    expect(status).toBe(0);
  });
  expect(countOf(through(profileOf(ended).stacks, "main", "work", "outer", "hot_sixty"))).toBeGreaterThan(0);
});

kernelTest(NEEDS, "-p profiles that process only, -K and -U one half of its stacks", async () => {
  const file = program("shares");
  const [one, other] = [spawn(file, ["100000"]), spawn(file, ["100000"])];
  try {
    const pid = String(one.pid);
    const both = await profiled(...OFTEN, "-p", pid, "--by", "process", "-d", "3");
    expect(new Set(both.stacks.map((stack) => stack.pid))).toEqual(new Set([one.pid]));
    expect(both.stacks[0]?.label).toBe(`bk-shares (${pid})`);
    const user = await profiled("-U", "-p", pid, "-d", "3");
    expect(countOf(through(user.stacks, "main", "work"))).toBeGreaterThan(0);
    const kernel = await profiled("-K", "-p", pid, "-d", "3");
    expect(through(kernel.stacks, "main")).toEqual([]);
    expect(countOf(kernel.stacks)).toBeGreaterThan(0);
  } finally {
    one.kill("SIGKILL");
    other.kill("SIGKILL");
  }
});

kernelTest(NEEDS, "--by thread tells threads apart, and names them", async () => {
  const { stacks } = await profiled(...OFTEN, "--by", "thread", "--", program("threads"), "400");
  for (const [thread, here, there] of [
    ["bk-left", "spin_left", "spin_right"],
    ["bk-right", "spin_right", "spin_left"],
  ] as const) {
    const own = stacks.filter(({ label }) => label.startsWith(`${thread} (`));
    expect(countOf(through(own, here))).toBeGreaterThan(0);
    expect(through(own, there)).toEqual([]);
  }
});

kernelTest(NEEDS, "every tick counts: with --idle there are as many samples as ticks", async () => {
  const { stacks, totals, lost } = await profiled("--idle", "-d", "1", "-K");
  // bpfkit's own samples are ticks that do not count: on a slow machine they are three quarters of such a short run.
  expect(countOf(stacks)).toBeLessThanOrEqual(totals["ticks"] as number);
  expect(countOf(stacks)).toBeGreaterThan((totals["ticks"] as number) / 10);
  expect(lost).toMatchObject({ mapFull: 0, stacksFull: 0, collisions: 0 });
});

kernelTest(NEEDS, "stacks that find no room are counted, and their samples are kept", async () => {
  const args = [...OFTEN, "--max-stacks", "1", "--", program("shares"), "300"];
  const { stacks, lost, totals } = await profiled(...args);
  expect(lost["stacksFull"]).toBeGreaterThan(0);
  expect(countOf(through(stacks, "[stack lost: no room]"))).toBeGreaterThan(0);
  expect(totals["count"]).toBe(countOf(stacks));
  const { code } = await bpfkit("stack-profile", "--fail-on-loss", ...args);
  expect(code).toBe(3);
});

kernelTest([...NEEDS, "x86-64"], "a clock's stacks take room by their callers only", async () => {
  const file = program("lengthy");
  for (const how of ["fp", "dwarf"]) {
    const args = [...OFTEN, "-U", "--unwind", how, "--max-stacks", "512", "--", file, "1500"];
    const { stacks, lost } = await profiled(...args);
    expect(lost).toMatchObject({ mapFull: 0, stacksFull: 0 });
    expect(countOf(through(stacks, "main", "lengthy"))).toBeGreaterThan(0.7 * countOf(stacks));
  }
});

kernelTest(NEEDS, "folded stacks and the table show the same functions", async () => {
  const args = ["-U", ...OFTEN, "--", program("shares"), "500"];
  const folded = await bpfkit("stack-profile", "-f", "folded", ...args);
  expect(folded.stdout).toMatch(/^bk-shares;(.+;)?main;work;outer;hot_sixty \d+$/m);
  expect(
    folded.stdout
      .trim()
      .split("\n")
      .every((line) => / \d+$/.test(line)),
  ).toBe(true);
  const table = await bpfkit("stack-profile", "-n", "2", ...args);
  expect(table.stdout.split("\n").slice(0, 3)).toEqual([
    expect.stringMatching(/^SELF % +SAMPLES +TOTAL % +SAMPLES +FUNCTION +MODULE$/),
    expect.stringMatching(/ hot_sixty +bk-shares$/),
    expect.stringMatching(/ hot_thirty +bk-shares$/),
  ]);
  const tree = await bpfkit("stack-profile", "--tree", ...args);
  expect(tree.stdout).toMatch(/main\n.*work\n.*─ outer\n.*─ hot_sixty\n/);
});

kernelTest([...NEEDS, "program:perf"], "perf record finds the same functions", async () => {
  const file = program("shares");
  const data = join(scratchFolder(), "perf.data");
  const record = spawnSync("perf", [
    "record",
    "-q",
    "-e",
    "cpu-clock",
    "-F",
    "997",
    "-g",
    "-o",
    data,
    file,
    RUN_MS,
  ]);
  expect(record.status).toBe(0);
  const report = spawnSync(
    "perf",
    ["report", "-i", data, "--no-children", "--stdio", "-g", "none", "-s", "symbol"],
    { encoding: "utf8" },
  );
  const theirs = [...report.stdout.matchAll(/^ +([\d.]+)% +\[\.\] (hot_\w+)/gm)].map(([, , name]) => name);
  const ours = await bpfkit("stack-profile", "-U", "--csv", "-n", "3", ...OFTEN, "--", file, RUN_MS);
  const functions = ours.stdout
    .split("\r\n")
    .slice(1, 4)
    .map((line) => line.split(",")[4]);
  expect(theirs.slice(0, 3)).toEqual(["hot_sixty", "hot_thirty", "hot_ten"]);
  expect(functions).toEqual(theirs.slice(0, 3));
});
