/** The packed package, used from an empty folder on the running kernel. */
import { join } from "node:path";
import { started } from "../cli/spawned";
import { kernelTest } from "../kernel/kernel-test";
import { countOf, linesOf, printedBy, starting, TIMES } from "../kernel/library/execs";
import { compileExamples, type PackedPackage, packedPackage } from "../unit/library/installed-package";

let made: PackedPackage | undefined;
afterAll(() => made?.installed[Symbol.dispose]());

function installed() {
  made ??= packedPackage();
  return made.installed;
}

/** The compiler is there for x86-64 only. */
const NEEDS = ["x86-64", "program:npm", "program:tar", "raw-tracepoint", "mmapable-array", "ring-buffer"];

kernelTest(NEEDS, "the command counts system calls", async () => {
  const bpfkit = join(installed().folder, "node_modules", ".bin", "bpfkit");
  const { code, stdout, stderr } = await started(bpfkit, ["syscall-top", "-d", "100ms", "--json"]).ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining("tracing ") });
  const { tool, rows } = JSON.parse(stdout);
  expect([tool, rows.length > 0]).toEqual(["bpfkit", true]);
});

for (const format of ["commonjs", "module"] as const)
  kernelTest(NEEDS, `both examples of docs/library.md run, compiled as ${format}`, async () => {
    const folder = compileExamples(installed(), format);
    const name = `bk-${format}`;
    const work = starting(installed(), name);
    const counted = await printedBy(join(folder, "count-execs.js"), ...work);
    expect(countOf(counted, name)).toBe(TIMES);
    const streamed = await printedBy(join(folder, "stream-execs.js"), ...work);
    expect(linesOf(streamed, name)).toBe(TIMES);
  });
