/** Stacks of programs that keep no frame pointers. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { bpfkit } from "../../cli/built-bpfkit";
import { compiled } from "../../compiled";
import { kernelTest } from "../kernel-test";
import { rounds } from "../rounds";
import { countOf, type Profiled, profiled, through, timeOf } from "./profiled";
import { program } from "./programs";

const NEEDS = ["perf-event", "btf", "ring-buffer", "program:gcc"];
const EVENTS = ["btf", "btf-raw-tracepoint", "ring-buffer", "program:gcc"];
const WAITS = [...EVENTS, "perf-event"];
const RUN_MS = String(rounds(1000, 3000));
/** An emulated machine could not read samples as fast as they would come. */
const OFTEN = ["--freq", String(rounds(997, 97)), "-U"];

const WITHOUT = ["-fomit-frame-pointer", "-fno-optimize-sibling-calls"];

/** How many of the samples in the three loops have the whole chain of calls above them. */
function chains({ stacks }: Profiled): { whole: number; all: number } {
  const loops = ["hot_sixty", "hot_thirty", "hot_ten"] as const;
  const all = loops.reduce((sum, loop) => sum + countOf(through(stacks, loop)), 0);
  const whole = loops.reduce((sum, loop) => {
    const caller = loop === "hot_ten" ? "inner" : "outer";
    return sum + countOf(through(stacks, "main", "work", caller, loop));
  }, 0);
  expect(all).toBeGreaterThan(100);
  return { whole, all };
}

const variants = [["-O2"], ["-O1"], ["-O3", "-no-pie"], ["-O2", "-static"], ["-O2", "-s"]];
// No kernel has a say in how programs are compiled.
for (const flags of variants.slice(0, rounds(variants.length, 1)))
  kernelTest(NEEDS, `call chains up to the first function: gcc ${flags.join(" ")}`, async () => {
    const file = program("shares", [...flags, ...WITHOUT], "bk-without");
    const profile = await profiled(...OFTEN, "--unwind", "dwarf", "--", file, RUN_MS);
    expect(profile.lost).toMatchObject({ samplesFull: 0, stacksFull: 0 });
    if (flags.includes("-s")) {
      // No names, but every stack begins where the thread began.
      const rooted = profile.stacks.filter(({ names }) =>
        /^(_start|\[bk-without\+)/.test(names[0] as string),
      );
      expect(countOf(rooted)).toBeGreaterThan(0.9 * countOf(profile.stacks));
      return;
    }
    const { whole, all } = chains(profile);
    expect(whole).toBe(all);
  });

kernelTest(NEEDS, "auto unwinds where the kernel allows it; fp cannot", async () => {
  const file = program("shares", ["-O2", ...WITHOUT], "bk-without");
  const auto = chains(await profiled(...OFTEN, "--", file, RUN_MS));
  expect(auto.whole).toBe(auto.all);
  const fp = chains(await profiled(...OFTEN, "--unwind", "fp", "--", file, RUN_MS));
  expect(fp.whole).toBe(0);
});

/** Up to 250 Hz all stacks are unwound from copies. */
const SELDOM = ["--freq", String(rounds(197, 97)), "-U"];

kernelTest(NEEDS, "a copy too small: how many stacks go on is said, and they are marked", async () => {
  const file = program("shares", ["-O2", ...WITHOUT], "bk-without");
  const { stacks, notes } = await profiled(...SELDOM, "--stack-size", "8", "--", file, RUN_MS);
  const marked = through(stacks, "[stack truncated]");
  expect(countOf(marked)).toBeGreaterThan(0.9 * countOf(stacks));
  expect(notes.join("\n")).toMatch(/^\d+ of \d+ user stacks go on further up than the part .* --stack-size/m);
});

kernelTest(NEEDS, "programs learn to unwind further up than the copies go", async () => {
  const file = program("shares", ["-O2", ...WITHOUT], "bk-without");
  const often = ["--freq", String(rounds(997, 251)), "-U", "--unwind", "dwarf"];
  const { whole, all } = chains(await profiled(...often, "--stack-size", "8", "--", file, "3000"));
  expect(whole).toBeGreaterThan(rounds(0.7, 0.1) * all);
});

/** A plug-in whose frames are of `room` bytes: all are as large as files, and lie at the same place. */
function plugin(name: string, room: number): string {
  const source = `
static volatile unsigned long sink;
__attribute__((noinline)) static void burn_${name}(unsigned long n) { char room[${room}]; for (unsigned long i = 0; i < n; i++) { room[i % ${room}] = i; sink += room[n % ${room}]; } }
void plug(unsigned long n) { burn_${name}(n); sink++; }`;
  return compiled(source, { name: `plug-${name}.so`, flags: ["-shared", "-fPIC", "-O1", ...WITHOUT] });
}

/** Loads the one and the other of two plug-ins by turns, for 1.5 s each. */
const LOADER = `
#include <dlfcn.h>
#include <time.h>
static double now(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec + t.tv_nsec / 1e9; }
__attribute__((noinline)) static void runs(const char *file) {
  void *library = dlopen(file, RTLD_NOW);
  void (*plug)(unsigned long) = (void (*)(unsigned long))dlsym(library, "plug");
  for (double end = now() + 1.5; now() < end;) plug(100000);
  dlclose(library);
}
int main(int argc, char **argv) { for (int i = 0; i < 4; i++) runs(argv[1 + i % 2]); return 0; }`;

kernelTest(NEEDS, "another library at the place of one that was there", async () => {
  const file = compiled(LOADER, { name: "bk-loader", flags: ["-O1", ...WITHOUT, "-ldl"] });
  const libraries = [plugin("small", 24), plugin("large", 808)];
  const { stacks } = await profiled(...OFTEN, "--unwind", "dwarf", "--", file, ...libraries);
  const burning = stacks.filter(({ names }) => names.some((name) => name.startsWith("burn_")));
  expect(countOf(burning)).toBeGreaterThan(rounds(1000, 50));
  // Until the change has been noticed, rows of the one are taken for the other's.
  const whole = burning.filter(({ names }) => names.includes("main") && names.includes("runs"));
  expect(countOf(whole)).toBeGreaterThan(0.75 * countOf(burning));
});

for (const how of ["auto", "dwarf"])
  kernelTest(WAITS, `waits are unwound, and the stacks that end them: ${how}`, async () => {
    const file = program("wakes", ["-O2", ...WITHOUT], "bk-without");
    const args = ["-U", "--off-cpu", "--wakeup", "--unwind", how];
    const { stacks, lost } = await profiled(...args, "--", file);
    const waits = through(stacks, "receive", "wait_byte", "--", "send_byte", "main");
    expect(countOf(waits)).toBe(11);
    expect(timeOf(waits)).toBeGreaterThan(11 * 2e6);
    expect(waits[0]?.names.slice(-3)).toEqual(["__libc_start_main", "_start", "bk-without"]);
    expect(lost).toMatchObject({ samplesFull: 0, stacksFull: 0, tasksFull: 0 });
  });

kernelTest(WAITS, "--wakeup and --wall unwind, too", async () => {
  const file = program("wakes", ["-O2", ...WITHOUT], "bk-without");
  const { stacks } = await profiled("-U", "--wakeup", "--", file);
  expect(countOf(through(stacks, "bk-without", "_start", "__libc_start_main"))).toBeGreaterThanOrEqual(11);
  expect(countOf(through(stacks, "main", "send_byte"))).toBe(11);
  const wall = await profiled("-U", "--wall", "--", file);
  expect(countOf(through(wall.stacks, "receive", "wait_byte", "[sleeping]"))).toBe(11);
});

kernelTest(EVENTS, "--on with --unwind dwarf: each event, with its stack", async () => {
  const file = program("wakes", ["-O2", ...WITHOUT], "bk-without");
  const args = ["-U", "--unwind", "dwarf", "--on", "s:write", "--weight", "arg3"];
  const { stacks, lost } = await profiled(...args, "--", file);
  expect(countOf(through(stacks, "_start", "__libc_start_main"))).toBe(11);
  expect(countOf(through(stacks, "main", "send_byte"))).toBe(11);
  expect(lost).toMatchObject({ samplesFull: 0, stacksFull: 0 });
});

kernelTest([...EVENTS, "uprobe"], "a user function's own first instruction is unwound", async () => {
  const file = program("wakes", ["-O2", ...WITHOUT], "bk-without");
  const args = ["-U", "--unwind", "dwarf", "--on", `${file}:send_byte`];
  const { stacks } = await profiled(...args, "--", file);
  expect(countOf(through(stacks, "_start", "__libc_start_main"))).toBe(11);
  expect(countOf(stacks.filter(({ names }) => names.slice(-2).join() === "main,send_byte"))).toBe(11);
});

// On arm64 it has not been tried.
kernelTest(
  [...NEEDS, "x86-64"],
  "run-time code: JavaScript's frames lead to the first function",
  async () => {
    const script = "require('fs').writeSync(1, '.'); for (;;) [3, 1, 2].sort((a, b) => a - b)";
    const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "ignore"] });
    try {
      await once(child.stdout, "data");
      const args = ["--stack-size", "32768", "-p", String(child.pid), "--comm", "node", "-d", "1"];
      const { stacks } = await profiled(...OFTEN, ...args);
      const scripts = stacks.filter(({ names }) => names.includes("Builtins_JSEntry"));
      expect(countOf(scripts)).toBeGreaterThan(0.8 * countOf(stacks));
      const rooted = scripts.filter(({ names }) => names[0] === "_start");
      expect(countOf(rooted)).toBeGreaterThan(0.95 * countOf(scripts));
    } finally {
      child.stdout.destroy();
      child.kill("SIGKILL");
    }
  },
);

test("what cannot be unwound is refused", async () => {
  for (const [args, message] of [
    [["--unwind", "dwaf"], 'unwind: "dwaf" is none of auto, dwarf, fp'],
    [["--stack-size", "12"], "stack-size: 12 is not a multiple of 8 from 8 to 65528"],
  ] as const) {
    const { code, stderr } = await bpfkit("stack-profile", ...args);
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
  }
});
