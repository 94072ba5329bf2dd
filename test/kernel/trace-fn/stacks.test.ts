/** Stacks of calls whose callers are known. */
import { openSync } from "node:fs";
import type { Kernel } from "../../../src/bpf/kernel";
import { kernelTest } from "../kernel-test";
import { runCommand } from "../run-command";
import { callTree, Waiting } from "./call-tree";
import { viaOptions } from "./calls";
import { testLibrary } from "./test-library";

const NEEDS = ["uprobe", "ring-buffer", "raw-tracepoint", "program:gcc"];

interface Document {
  readonly rows: readonly { readonly stack: readonly number[]; readonly count: number }[];
  readonly frames: readonly { readonly name: string }[];
  readonly totals: { readonly count: number };
  readonly lost: Readonly<Record<string, number>>;
}

/** The stacks of the program's calls, the innermost four frames at most, with how often each was met. */
async function stacksOf(
  kernel: Kernel,
  file: string,
  what: string,
  ...args: string[]
): Promise<{ counts: Record<string, number>; document: Document }> {
  using program = new Waiting(file, what);
  const command = ["trace-fn", "--stacks", "-p", String(program.pid), ...args];
  const { printed } = await runCommand(kernel, command, () => program.run(), "json");
  const document = JSON.parse(printed) as Document;
  const counts: Record<string, number> = {};
  for (const { stack, count } of document.rows) {
    const key = stack
      .slice(-4)
      .map((frame) => document.frames[frame]?.name)
      .join(";");
    counts[key] = (counts[key] ?? 0) + count;
  }
  return { counts, document };
}

for (const unwind of ["fp", "dwarf"] as const) {
  const needs = unwind === "fp" ? NEEDS : [...NEEDS, "btf"];
  kernelTest(needs, `${unwind}: the caller of a function that calls nothing is there`, async ({ kernel }) => {
    const file = callTree[unwind];
    const { counts, document } = await stacksOf(kernel, file, "chain", `${file}:leaf`, "--unwind", unwind);
    const { "main;outer;middle;leaf": middle, "deep;deep;deep;leaf": deep, ...others } = counts;
    expect({ middle, deep }).toEqual({ middle: 101, deep: 7 });
    expect(Object.entries(others)).toEqual([[expect.stringMatching(/;main;other;leaf$/), 13]]);
    expect(document.totals.count).toBe(121);
    expect(Object.values(document.lost).filter((count) => count > 0)).toEqual([]);
  });

  kernelTest(needs, `${unwind}: every call of a recursion has its own stack`, async ({ kernel }) => {
    const file = callTree[unwind];
    const { document } = await stacksOf(kernel, file, "chain", `${file}:deep`, "--unwind", unwind);
    const { rows, frames } = document;
    const depths = rows.map(({ stack, count }) => [
      stack.filter((frame) => frames[frame]?.name === "deep").length,
      count,
    ]);
    expect(depths.sort()).toEqual([1, 2, 3, 4, 5].map((depth) => [depth, 7]));
  });
}

kernelTest(
  [...NEEDS, "uretprobe"],
  "--slower takes them at the return, under the caller",
  async ({ kernel }) => {
    const file = callTree.fp;
    const { counts } = await stacksOf(kernel, file, "chain", `${file}:middle`, "--slower", "1ns");
    expect(Object.entries(counts)).toEqual([[expect.stringMatching(/;main;outer;tree:middle$/), 101]]);
  },
);

kernelTest(NEEDS, "several functions are told apart, and --kernel-only names them", async ({ kernel }) => {
  const file = callTree.fp;
  const { counts } = await stacksOf(kernel, file, "chain", `${file}:other`, `${file}:middle`, "-K");
  expect(counts).toEqual({ "tree:other": 13, "tree:middle": 101 });
});

kernelTest([...NEEDS, "perf-event"], "a command that ends at once has names", async ({ kernel }) => {
  const command = ["trace-fn", "--stacks", `${testLibrary.library}:length`, "-U"];
  const { printed } = await runCommand(
    kernel,
    command,
    [testLibrary.program, "length", "211", "0"],
    "folded",
  );
  const lines = printed.trimEnd().split("\n");
  // What leads there has no frame pointers.
  for (const line of lines) expect(line).toMatch(/^program;.*\b(call|repeat);length \d+$/);
  expect(lines.map((line) => Number(line.split(" ").at(-1))).reduce((a, b) => a + b)).toBe(211);
});

kernelTest(["btf-raw-tracepoint", "ring-buffer", "btf"], "of system calls", async ({ kernel }) => {
  const pid = String(process.pid);
  const command = ["trace-fn", "--stacks", "s:openat", "--filter", "ret == -ENOENT", "-p", pid];
  const ran = await runCommand(
    kernel,
    [...command, "-K"],
    () => {
      for (let i = 0; i < 17; i++) expect(() => openSync("/made/up/for/the/test", "r")).toThrow("ENOENT");
    },
    "folded",
  );
  const lines = ran.printed.trimEnd().split("\n");
  expect(lines.every((line) => /;s:openat \d+$/.test(line))).toBe(true);
  const counts = lines.map((line) => Number(line.slice(line.lastIndexOf(" ") + 1)));
  expect(counts.reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(17);
});

for (const [via, hook] of [
  ["fentry", "fentry"],
  ["kprobe", "kprobe"],
] as const)
  kernelTest([hook, "btf", "ring-buffer"], `of functions of the kernel by ${via}`, async ({ kernel }) => {
    const dd = ["dd", "if=/dev/zero", "of=/dev/null", "bs=1", "count=211", "status=none"];
    const command = ["trace-fn", "--stacks", ...viaOptions(via), "vfs_write", "-K"];
    const { printed } = await runCommand(kernel, command, dd, "folded");
    const lines = printed.trimEnd().split("\n");
    const own = lines.filter((line) => line.startsWith("dd;") && line.includes(";ksys_write;vfs_write "));
    expect(own.map((line) => Number(line.slice(line.lastIndexOf(" ") + 1))).reduce((a, b) => a + b, 0)).toBe(
      211,
    );
  });
