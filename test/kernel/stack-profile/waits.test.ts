/** Time off the processor, of programs that sleep as long as they say. */
import { spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { ATTACHED, bpfkit, bpfkitStarted } from "../../cli/built-bpfkit";
import { kernelTest } from "../kernel-test";
import { rounds } from "../rounds";
import { countOf, type Profiled, profileOf, profilesOf, through, timeOf } from "./profiled";
import { program } from "./programs";

const NEEDS = ["btf", "btf-raw-tracepoint", "ring-buffer", "program:gcc"];
const LONG_NS = 7 * 60e6;
const SHORT_NS = 11 * 5e6;

/** A profile of the sleeping program, and how long it slept by its own clock. */
async function slept(
  ...args: string[]
): Promise<Profiled & { readonly long: number; readonly short: number }> {
  const ended = await bpfkit("stack-profile", "--json", ...args, "--", program("sleeps"));
  const [, long, short] = /^(\d+) (\d+)$/m.exec(ended.stdout) ?? [];
  return { ...profileOf(ended), long: Number(long), short: Number(short) };
}

kernelTest(NEEDS, "--off-cpu: every sleep counts, with its time", async () => {
  const { stacks, long, short, lost } = await slept("--off-cpu");
  const [longs, shorts] = [through(stacks, "main", "long_sleep"), through(stacks, "main", "short_sleep")];
  expect([countOf(longs), countOf(shorts)]).toEqual([7, 11]);
  expect(timeOf(longs)).toBeGreaterThanOrEqual(LONG_NS);
  expect(timeOf(longs)).toBeLessThanOrEqual(long);
  expect(timeOf(shorts)).toBeGreaterThanOrEqual(SHORT_NS);
  expect(timeOf(shorts)).toBeLessThanOrEqual(short);
  expect(through(longs, "schedule", "__schedule")).toEqual(longs);
  expect(longs.flatMap(({ names }) => names).filter((name) => /bpf_|__traceiter/.test(name))).toEqual([]);
  expect(lost).toMatchObject({ mapFull: 0, stacksFull: 0, tasksFull: 0 });
});

kernelTest(NEEDS, "--min leaves out shorter waits", async () => {
  const { stacks } = await slept("--off-cpu", "--min", "59ms");
  expect(countOf(through(stacks, "long_sleep"))).toBe(7);
  // An emulated or busy machine may wake it late, but hardly that late each time.
  expect(countOf(through(stacks, "short_sleep"))).toBeLessThan(11);
});

kernelTest(NEEDS, "--state: nothing of a sleep is blocked or stopped", async () => {
  const { stacks } = await slept("--off-cpu", "--state", "blocked,stopped");
  expect(through(stacks, "long_sleep")).toEqual([]);
  const { stacks: sleeping } = await slept("--off-cpu", "--state", "sleeping");
  expect(countOf(through(sleeping, "long_sleep"))).toBe(7);
});

kernelTest(NEEDS, "--off-cpu: who waits for a lock, for as long as another thread holds it", async () => {
  const waiting = async (...states: string[]) => {
    const args = ["stack-profile", "--json", "--off-cpu", ...states, "--", program("locks")];
    const ended = await bpfkit(...args);
    const profile = profileOf(ended);
    const waits = profile.stacks.filter(({ names }) => names.includes("wait_lock"));
    return { ...profile, waits, waited: Number(/^(\d+)$/m.exec(ended.stdout)?.[1]) };
  };
  const { waits, waited, lost } = await waiting("--state", "sleeping");
  expect(countOf(waits)).toBe(7);
  expect(through(waits, "want", "wait_lock")).toEqual(waits);
  expect(through(waits, "schedule", "__schedule")).toEqual(waits);
  expect(timeOf(waits)).toBeGreaterThanOrEqual(7 * 60e6);
  expect(timeOf(waits)).toBeLessThanOrEqual(waited);
  expect(lost).toMatchObject({ mapFull: 0, stacksFull: 0, tasksFull: 0 });
  // No task of a program is ever idle.
  expect((await waiting("--state", "idle")).stacks).toEqual([]);
});

kernelTest([...NEEDS, "perf-event"], "--wall has both, marked by what the task did", async () => {
  const { stacks, long } = await slept("--wall");
  const asleep = through(stacks, "main", "long_sleep").filter(({ names }) => names.at(-1) === "[sleeping]");
  expect(countOf(asleep)).toBe(7);
  expect(timeOf(asleep)).toBeGreaterThanOrEqual(LONG_NS);
  expect(timeOf(asleep)).toBeLessThanOrEqual(long);
  const ending = await bpfkit(
    "stack-profile",
    "--wall",
    "--json",
    "--freq",
    String(rounds(997, 97)),
    "--",
    program("shares"),
    String(rounds(300, 3000)),
  );
  const running = profileOf(ending).stacks.filter(({ names }) => names.at(-1) === "[running]");
  expect(timeOf(through(running, "hot_sixty"))).toBeGreaterThan(100e6);
});

for (const how of ["fp", "dwarf"])
  kernelTest(NEEDS, `a wait that outlasts reports keeps its stacks: --unwind ${how}`, async () => {
    const child = spawn(program("paths"), { stdio: ["pipe", "ignore", "ignore"] });
    const args = ["--off-cpu", "--unwind", how, "--json", "-i", "100ms", "-p", String(child.pid)];
    const tracer = bpfkitStarted("stack-profile", ...args);
    try {
      await tracer.shows(ATTACHED);
      // The first wait has begun before anybody looked; the second one begins now.
      child.stdin.write("x");
      await reports(tracer.child.stdout as Readable, 5);
      child.stdin.write("x");
      await tracer.shows('"name":"__schedule"');
      tracer.child.kill("SIGINT");
      const stacks = profilesOf(await tracer.ended).flatMap((report) => report.stacks);
      const waits = through(through(stacks, "__schedule"), "read");
      expect(Math.max(...waits.map(({ totalNs = 0 }) => totalNs))).toBeGreaterThan(200e6);
      expect(stacks.flatMap(({ names }) => names).filter((name) => name.startsWith("[stack lost"))).toEqual(
        [],
      );
    } finally {
      child.kill("SIGKILL");
      tracer.child.kill("SIGKILL");
    }
  });

/** Waits for so many more reports in JSON. */
function reports(stdout: Readable, count: number): Promise<void> {
  let text = "";
  return new Promise((resolve) => {
    stdout.on("data", (chunk: string) => {
      text += chunk;
      if ((text.match(/^\{$/gm) ?? []).length >= count) resolve();
    });
  });
}
