/** Names in profiles of real programs: JavaScript, C++ and Rust, deleted files, files of another mount namespace. */
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bpfkit, documentOf } from "../../cli/built-bpfkit";
import { compiled } from "../../compiled";
import { scratchFolder } from "../../run-folder";
import { kernelTest } from "../kernel-test";
import { rounds } from "../rounds";
import { countOf, profiled, profileOf, through } from "./profiled";

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
      `mkdir ${inside} && mount -t tmpfs none ${inside} && cp ${mangled()} ${inside}/bk-inside`,
      // The shell opens it, and runs what it has open once it is deleted.
      `cd ${inside} && exec 7<bk-inside && rm bk-inside && exec /proc/self/fd/7`,
    ];
    const run = ["unshare", "-m", "sh", "-c", commands.join(" && ")];
    const { stacks } = await profiled(...OFTEN, "--", ...run);
    expect(countOf(through(stacks, "main", "app::legacy"))).toBeGreaterThan(0);
  },
);
