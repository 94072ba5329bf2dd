/**
 * Names in profiles of real programs: JavaScript, C++ and Rust, deleted files, files of another mount namespace, programs
 * that end at once, BPF programs; and a kernel that hides its own.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { add, exit, jump, label, load, mov, mul, r0, r1, r2, r3 } from "../../../src/asm";
import { Session } from "../../../src/bpf/session";
import { BUILT, bpfkit, documentOf } from "../../cli/built-bpfkit";
import { started } from "../../cli/spawned";
import { compiled } from "../../compiled";
import { scratchFolder } from "../../run-folder";
import { kernelTest } from "../kernel-test";
import { rounds } from "../rounds";
import { countOf, type Profiled, profiled, profileOf, through } from "./profiled";
import { program } from "./programs";

const NEEDS = ["perf-event", "btf", "ring-buffer"];
const OFTEN = ["--freq", String(rounds(499, 97)), "-U"];

const folder = scratchFolder();

/** Calls a function until this process has taken so much processor time. */
const script = join(folder, "hot loop.js");
writeFileSync(
  script,
  `const fs = require("fs");

function hotFunction(n) { let sum = 0; for (let i = 0; i < n; i++) sum += Math.sqrt(i); return sum; }
const end = process.cpuUsage().user + ${rounds(500, 2000)}_000;
let sum = 0;
while (process.cpuUsage().user < end) for (let i = 0; i < 10; i++) sum += hotFunction(20000);
fs.writeSync(1, String(process.pid) + "\\n");`,
);

interface JitFrame {
  readonly name: string;
  readonly kind: string;
  readonly file?: string;
  readonly line?: number;
  readonly tier?: string;
}

kernelTest(NEEDS, "JavaScript with a map: function, file, line and tier", async () => {
  const node = [process.execPath, "--perf-basic-prof", "--interpreted-frames-native-stack", script];
  // V8 leaves a log of its own where it runs.
  const ended = await bpfkit("stack-profile", "--json", ...OFTEN, "--", "env", "-C", folder, ...node);
  const [, pid] = /^(\d+)$/m.exec(ended.stdout) ?? [];
  rmSync(`/tmp/perf-${pid}.map`);
  const profile = profileOf(ended);
  expect(countOf(through(profile.stacks, "hotFunction"))).toBeGreaterThan(0.2 * countOf(profile.stacks));
  const stdout = ended.stdout.slice(ended.stdout.indexOf("{\n"));
  const { frames } = documentOf({ ...ended, stdout }) as unknown as { frames: readonly JitFrame[] };
  const hot = frames.filter(({ name }) => name === "hotFunction");
  expect(new Set(hot.map(({ kind, file, line }) => `${kind} ${file}:${line}`))).toEqual(
    new Set([`jit ${script}:3`]),
  );
  expect(hot.map(({ tier }) => tier)).toContain("optimized");
});

kernelTest(NEEDS, "JavaScript without a map: which flag would give it names", async () => {
  const { notes } = profileOf(
    await bpfkit("stack-profile", "--json", ...OFTEN, "--", process.execPath, script),
  );
  expect(notes.join("\n")).toMatch(
    /: JavaScript of a Node process that writes no map of it\.\n.*--perf-basic-prof/,
  );
});

/** Names as compilers of C++ and Rust write them. */
const spinning = `
#include <time.h>
static volatile unsigned long sink;
#define SPIN(name, symbol) void name(void) __asm__(symbol); __attribute__((noinline)) void name(void) { \\
  for (unsigned long i = 0; i < 2000000UL; i++) sink += i; }
SPIN(cxx, "_ZN3app6Widget4drawEPKcm")
SPIN(rust, "_RNvMNtCs1234_3app5modelNtB2_5Table4scan")
SPIN(legacy, "_ZN3app6legacy17h0123456789abcdefE")
int main(void) {
  clock_t end = clock() + ${rounds(300, 2000)} * (CLOCKS_PER_SEC / 1000);
  do { cxx(); rust(); legacy(); } while (clock() < end);
}`;

const mangled = () => compiled(spinning, { name: "bk-mangled", flags: ["-O1"] });

kernelTest([...NEEDS, "program:gcc"], "names of C++ and Rust are readable", async () => {
  const { stacks } = await profiled(...OFTEN, "--", mangled());
  for (const name of [
    "app::Widget::draw(char const*, unsigned long)",
    "<app::model::Table>::scan",
    "app::legacy",
  ])
    expect(countOf(through(stacks, "main", name))).toBeGreaterThan(0);
});

kernelTest(
  [...NEEDS, "program:gcc"],
  "a program that only another mount namespace had, deleted and ended by now",
  async () => {
    const inside = join(folder, "inside");
    const commands = [
      `mkdir -p ${inside} && mount -t tmpfs none ${inside} && cp ${mangled()} ${inside}/bk-inside`,
      // The shell opens it, and runs what it has open once it is deleted.
      `cd ${inside} && exec 7<bk-inside && rm bk-inside && exec /proc/self/fd/7`,
    ];
    const run = ["unshare", "-m", "sh", "-c", commands.join(" && ")];
    const { stacks } = await profiled(...OFTEN, "--", ...run);
    expect(countOf(through(stacks, "main", "app::legacy"))).toBeGreaterThan(0);
  },
);

kernelTest(
  [...NEEDS, "program:gcc", "program:unshare"],
  "a program that runs in another mount namespace, which alone has its file",
  async () => {
    const inside = join(folder, "container");
    mkdirSync(inside, { recursive: true });
    const commands = [
      `mount -t tmpfs none ${inside} && cp ${program("shares")} ${inside}/bk-within`,
      `echo mounted && exec ${inside}/bk-within 100000`,
    ];
    const child = spawn("unshare", ["-m", "sh", "-c", commands.join(" && ")], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    try {
      await once(child.stdout, "data");
      const { stacks } = await profiled(...OFTEN, "-p", String(child.pid), "--comm", "bk-within", "-d", "3");
      expect(existsSync(join(inside, "bk-within"))).toBe(false);
      expect(countOf(through(stacks, "main", "work", "outer", "hot_sixty"))).toBeGreaterThan(0);
    } finally {
      await killed(child);
    }
  },
);

async function killed(child: ChildProcess): Promise<void> {
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}

/** How often each function was innermost, the most frequent first. */
function innermost({ stacks }: Profiled): [name: string, count: number][] {
  const counts = new Map<string, number>();
  for (const { names, count } of stacks) {
    const name = names.at(-1) ?? "";
    counts.set(name, (counts.get(name) ?? 0) + count);
  }
  return [...counts].sort(([, a], [, b]) => b - a);
}

kernelTest([...NEEDS, "program:gcc"], "programs that have ended right after they began", async () => {
  const often = ["--freq", String(rounds(997, 197)), "-U"];
  // An emulated machine takes some ten times as long to look at a process, too.
  const run = [program("brief"), String(rounds(23, 7)), String(rounds(30, 300))];
  const profile = await profiled(...often, "--by", "process", "--", ...run);
  const found = innermost(profile);
  const named = found.filter(([name]) => !name.startsWith("["));
  expect(named[0]?.[0]).toBe("burn");
  const burnt = through(profile.stacks, "main", "burn");
  expect(new Set(burnt.map(({ pid }) => pid)).size).toBeGreaterThan(1);
  // A busy machine may not come to look at all of them in time. Then that is said.
  if (found.some(([name]) => name === "[unknown]"))
    expect(profile.notes.join("\n")).toMatch(
      /the process ended before its memory map was read|no executable memory/,
    );
});

/** On getppid it computes for some microseconds. */
function burning() {
  const [again, other] = [label("again"), label("other")];
  const nr = process.arch === "x64" ? 110 : 173;
  const hook = { kind: "raw-tracepoint", name: "sys_enter" } as const;
  const code = [
    [load(8, r2, r1, 8), jump.ne(r2, nr, other), mov(r3, 0)],
    [again, mul(r2, 5), add(r2, r3), add(r3, 1), jump.lt(r3, 4000, again)],
    [other, mov(r0, 0), exit()],
  ];
  return { maps: [], programs: [{ name: "bk_burning", hook, code }] };
}

kernelTest(
  [...NEEDS, "raw-tracepoint", "program:gcc"],
  "the time in a BPF program is the program's, by name",
  async ({ kernel }) => {
    using _session = Session.open(kernel, burning());
    const often = ["--freq", String(rounds(499, 97)), "-K"];
    const run = [program("asks"), String(rounds(500, 3000))];
    const profile = await profiled(...often, "--", ...run);
    expect(innermost(profile)[0]?.[0]).toMatch(/^bpf_prog_[0-9a-f]{16}_bk_burning$/);
    const wall = await profiled(...often, "--wall", "--", ...run);
    const ran = wall.stacks.filter(({ names }) => names.at(-2)?.endsWith("_bk_burning"));
    expect(new Set(ran.map(({ names }) => names.at(-1)))).toEqual(new Set(["[running]"]));
  },
);

kernelTest(
  [...NEEDS, "program:setpriv", "program:gcc"],
  "where the kernel hides its addresses that is said, and users' functions have names",
  async () => {
    const without = ["--bounding-set", "-syslog"];
    const { stdout } = spawnSync("setpriv", [...without, "head", "-n", "1", "/proc/kallsyms"]);
    // kptr_restrict=0 with perf_event_paranoid=1 or less shows them to everybody.
    const hidden = /^0+ /.test(String(stdout));
    const args = ["stack-profile", "--json", "--freq", String(rounds(499, 97))];
    const run = [program("asks"), String(rounds(300, 2000))];
    const ended = await started("setpriv", [...without, process.execPath, BUILT, ...args, "--", ...run])
      .ended;
    const { stacks, notes } = profileOf(ended);
    expect(notes.some((note) => note.startsWith("The kernel hides its addresses: "))).toBe(hidden);
    const inKernel = through(stacks, "syscall").filter(({ names }) => names.at(-1) !== "syscall");
    expect(countOf(inKernel)).toBeGreaterThan(0);
    const named = inKernel.filter(({ names }) => !/^\[0x[0-9a-f]+\]$/.test(names.at(-1) ?? ""));
    expect(named.length > 0).toBe(!hidden);
  },
);
