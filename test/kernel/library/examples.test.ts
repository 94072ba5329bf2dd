/** The examples on the running kernel, each with a workload of 23. */
import { copyFileSync } from "node:fs";
import { basename, join } from "node:path";
import { type Installation, linkedPackage } from "../../unit/library/installed-package";
import { kernelTest } from "../kernel-test";
import { countOf, linesOf, printedBy, starting, TIMES } from "./execs";

let made: Installation | undefined;
afterAll(() => made?.[Symbol.dispose]());

function installed(): Installation {
  made ??= linkedPackage();
  return made;
}

/** The compiled example, where it finds "bpfkit" as a user's file would. */
function example(name: string): string {
  const file = join(installed().folder, `${name}.js`);
  copyFileSync(join(__dirname, "..", "..", "..", "examples", `${name}.js`), file);
  return file;
}

const NEEDS = ["raw-tracepoint", "mmapable-array"];

kernelTest(NEEDS, "count-execs counts every start of a program", async () => {
  const output = await printedBy(example("count-execs"), ...starting(installed(), "bpfkit-counted"));
  expect(countOf(output, "bpfkit-counted")).toBe(TIMES);
  expect(output).toMatch(/^lost: 0$/m);
});

kernelTest([...NEEDS, "ring-buffer"], "stream-execs shows every start of a program", async () => {
  const output = await printedBy(example("stream-execs"), ...starting(installed(), "bpfkit-stream"));
  expect(linesOf(output, "bpfkit-stream")).toBe(TIMES);
  expect(output).toMatch(/^lost: 0$/m);
  expect(output).toMatch(/^ +\d+\.\d{3} +[1-9]\d* +0 bpfkit-stream$/m);
});

kernelTest(
  ["raw-tracepoint", "per-cpu-array", "program:dd"],
  "syscall-latency has every call in its histogram",
  async () => {
    const dd = installed().commandNamed("bpfkit-dd", "dd");
    const work = [dd, "if=/dev/zero", "of=/dev/null", "bs=1", `count=${TIMES}`, "status=none"];
    const output = await printedBy(example("syscall-latency"), "write", ...work);
    const counts = [...output.matchAll(/^ *\d+ ns and more +(\d+)$/gm)].map(([, count]) => Number(count));
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(TIMES);
    expect(output.trimEnd().split("\n")).toHaveLength(counts.length);
  },
);

kernelTest(NEEDS, "an example without a command says how it is used", async () => {
  for (const name of ["count-execs", "stream-execs", "syscall-latency"])
    await expect(printedBy(example(name))).rejects.toThrow(`usage: ${basename(name)} `);
});
