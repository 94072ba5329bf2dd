/** Which calls contain which, in a program whose calls are known; and the same calls in files of traces. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Kernel } from "../../../src/bpf/kernel";
import { bpfkitDuring } from "../../cli/built-bpfkit";
import { readTrace } from "../../perfetto-reader";
import { kernelTest } from "../kernel-test";
import { runCommand } from "../run-command";
import { callTree, Waiting } from "./call-tree";

const NEEDS = ["uprobe", "uretprobe", "ring-buffer", "lru-hash", "program:gcc"];

interface Call {
  readonly id: number;
  readonly parent: number | null;
  readonly depth: number;
  readonly tid: number;
  readonly function: string;
  readonly args: { readonly n: number };
  readonly returned: boolean;
  readonly durationNs?: number;
  readonly selfNs?: number;
}

const nameOf = (call: Pick<Call, "function">) => call.function.replace(/^.*:/, "");
const traced = (functions: string, pid: number) => [
  ...["trace-fn", `${callTree.fp}:/^(${functions})$/`, "--arg", "n=1:d", "-p", String(pid)],
];

interface End {
  readonly event: string;
  readonly count: number;
  readonly filtered: number;
}

/** The calls of the program that are shown, in the order they began, and what is said at the end. */
async function graphOf(
  kernel: Kernel,
  functions: string,
  what: string,
  ...options: string[]
): Promise<{ calls: Call[]; end: End }> {
  using program = new Waiting(callTree.fp, what);
  const command = [...traced(functions, program.pid), "--graph", ...options];
  const { printed } = await runCommand(kernel, command, () => program.run(), "ndjson");
  const lines = printed
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  const end = lines.pop();
  expect(end).toMatchObject({ event: "end", lost: { ringFull: 0, unfollowedCalls: 0, missedRuns: 0 } });
  return { calls: (lines as Call[]).sort((a, b) => a.id - b.id), end };
}

async function callsOf(kernel: Kernel, functions: string, what: string): Promise<Call[]> {
  return (await graphOf(kernel, functions, what)).calls;
}

/** Calls as nested lists of names with their arguments. */
function trees(calls: readonly Call[]): string[] {
  const show = (call: Call): string => {
    const inner = calls.filter(({ parent }) => parent === call.id).map(show);
    const end = call.returned ? "" : "!";
    return `${nameOf(call)}(${call.args.n})${end}${inner.length > 0 ? `[${inner.join(" ")}]` : ""}`;
  };
  return calls.filter(({ parent }) => parent === null).map(show);
}

const OUTER = "outer(3)[middle(0)[leaf(0)] middle(1)[leaf(1)] middle(2)[leaf(2)]]";
const DEEP = "deep(3)[deep(2)[deep(1)[deep(0)[leaf(0)]]]]";
const ALL = "leaf|middle|outer|deep|root|lands|above|leaps|dies";

kernelTest(NEEDS, "the known tree, recursion in it, with times that add up", async ({ kernel }) => {
  const calls = await callsOf(kernel, ALL, "tree");
  expect(trees(calls)).toEqual(Array(11).fill(`root(3)[${OUTER} ${DEEP}]`));
  for (const call of calls) {
    const inner = calls.filter(({ parent }) => parent === call.id);
    const innerNs = inner.reduce((sum, { durationNs = 0 }) => sum + durationNs, 0);
    expect(call.selfNs).toBe(Math.max(0, (call.durationNs ?? 0) - innerNs));
    expect(call.depth).toBe(
      calls.find(({ id }) => id === call.parent) === undefined ? 0 : depthOf(calls, call),
    );
  }
});

function depthOf(calls: readonly Call[], { parent }: Call): number {
  return (calls.find(({ id }) => id === parent)?.depth ?? -1) + 1;
}

kernelTest(
  NEEDS,
  "calls that longjmp has left do not return, and contain nothing more",
  async ({ kernel }) => {
    const calls = await callsOf(kernel, ALL, "jumps");
    const lands = (n: number) => `lands(${n})[above(${n})![leaps(${n})![leaf(${n})]] leaf(${n})]`;
    expect(trees(calls)).toEqual(Array.from({ length: 7 }, (_, n) => lands(n)));
  },
);

kernelTest(NEEDS, "a process that dies leaves its calls open", async ({ kernel }) => {
  const calls = await callsOf(kernel, "leaf|outer|dies", "dies");
  expect(trees(calls)).toEqual(["outer(2)[leaf(0) leaf(1)]", "leaf(0)", "dies(1)![leaf(1)]"]);
});

kernelTest(NEEDS, "threads have trees of their own", async ({ kernel }) => {
  const calls = await callsOf(kernel, ALL, "threads");
  const threads = [...new Set(calls.map(({ tid }) => tid))];
  expect(threads).toHaveLength(3);
  for (const tid of threads)
    expect(trees(calls.filter((call) => call.tid === tid))).toEqual(
      Array(5).fill(`root(3)[${OUTER} ${DEEP}]`),
    );
});

kernelTest(
  NEEDS,
  "a condition on what is known at the return: the calls it holds of, and those around them",
  async ({ kernel }) => {
    const { calls, end } = await graphOf(kernel, ALL, "tree", "--filter", "n == 1 && duration > 0");
    const shown = "root(3)[outer(3)[middle(1)[leaf(1)]] deep(3)[deep(2)[deep(1)]]]";
    expect(trees(calls)).toEqual(Array(11).fill(shown));
    // Of the 13 calls of a tree it holds of three.
    expect(end).toMatchObject({ count: 33, filtered: 110 });
  },
);

kernelTest(NEEDS, "a condition on arguments alone leaves calls out of the tree", async ({ kernel }) => {
  const { calls, end } = await graphOf(kernel, ALL, "tree", "--filter", "n == 1");
  expect(trees(calls)).toEqual(Array(11).fill(["middle(1)[leaf(1)]", "deep(1)"]).flat());
  expect(end).toMatchObject({ count: 33, filtered: 110 });
});

kernelTest(NEEDS, "--slower: calls that take long, and what is around them", async ({ kernel }) => {
  const { calls, end } = await graphOf(kernel, "rests|naps|leaf", "naps", "--slower", "30ms");
  expect(trees(calls)).toEqual(["rests(1)[naps(1)]"]);
  for (const { durationNs } of calls) expect(durationNs).toBeGreaterThanOrEqual(60e6);
  expect(end).toMatchObject({ count: 2, filtered: 10 });
});

kernelTest(NEEDS, "--slower as lines: as many beginnings as ends", async ({ kernel }) => {
  using program = new Waiting(callTree.fp, "naps");
  const command = [...traced("rests|naps|leaf", program.pid), "--graph", "--slower", "30ms"];
  const { printed } = await runCommand(kernel, command, () => program.run());
  const [head = "", ...lines] = printed.split("\n");
  const calls = lines.slice(0, 3).map((line) => line.slice(head.indexOf("CALL")).replace(/ = .*/, ""));
  expect(calls).toEqual(["tree:rests(n=1) {", "  tree:naps(n=1)", "} tree:rests"]);
  expect(printed).toContain("\nTotal: 2 calls.\n");
  expect(printed).toContain("\nFiltered out: 10 calls.\n");
});

kernelTest(NEEDS, "--max-events: ends when so many calls have ended", async ({ kernel }) => {
  const { calls } = await graphOf(kernel, ALL, "tree", "--max-events", "5");
  expect(trees(calls)).toEqual([
    "root(3)![outer(3)![middle(0)[leaf(0)] middle(1)[leaf(1)] middle(2)![leaf(2)]]]",
  ]);
});

kernelTest(
  ["btf-raw-tracepoint", "btf", "ring-buffer", "program:gcc"],
  "system calls that fail",
  async ({ kernel }) => {
    const failing = ["sh", "-c", "cat /dev/null; cat /proc/self/no-such-file 2>&-; exit 0"];
    const command = ["trace-fn", "--graph", "s:openat", "s:close", "--filter", "ret < 0"];
    const { printed } = await runCommand(kernel, command, failing, "ndjson");
    const calls = printed
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(calls.pop().filtered).toBeGreaterThan(4);
    const files = calls.map(({ args, errno }) => [args.filename ?? "", errno]);
    expect(files).toContainEqual(["/proc/self/no-such-file", "ENOENT"]);
    for (const { errno } of calls) expect(errno).toMatch(/^E/);
  },
);

kernelTest(NEEDS, "as lines: depth by indentation", async ({ kernel }) => {
  using program = new Waiting(callTree.fp, "tree");
  const command = [...traced("root|outer|middle|leaf", program.pid), "--graph"];
  const { printed } = await runCommand(kernel, command, () => program.run());
  const [head = "", ...lines] = printed.split("\n");
  const column = head.indexOf("CALL");
  const depths = lines
    .filter((line) => / tree:leaf\(n=1\)/.test(line))
    .map((line) => line.slice(column).search(/\S/) / 2);
  expect(depths).toEqual(Array(11).fill(3));
  // A call with others in it has a line at its beginning and one at its end.
  const middles = lines.filter((line) => line.includes("tree:middle"));
  expect(middles.filter((line) => line.endsWith(" {"))).toHaveLength(33);
  expect(middles.filter((line) => line.includes("} tree:middle"))).toHaveLength(33);
  expect(printed).toMatch(/\nTotal: 99 calls\.\n/);
});

kernelTest(NEEDS, "in DOT: every edge with its calls", async ({ kernel }) => {
  using program = new Waiting(callTree.fp, "tree");
  const command = [...traced(ALL, program.pid), "--graph"];
  const { printed } = await runCommand(kernel, command, () => program.run(), "dot");
  const names = new Map(
    [...printed.matchAll(/^ {2}(n\d+) \[.*name="tree:(\w+)", count=(\d+)/gm)].map((m) => [m[1], m]),
  );
  const nodes = Object.fromEntries([...names.values()].map(([, , name, count]) => [name, Number(count)]));
  expect(nodes).toEqual({ root: 11, outer: 11, middle: 33, deep: 44, leaf: 44 });
  const edges = [...printed.matchAll(/^ {2}(n\d+) -> (n\d+) \[.*count=(\d+), totalNs=\d+\];$/gm)].map(
    ([, from, to, count]) => [`${names.get(from)?.[2]}>${names.get(to)?.[2]}`, Number(count)],
  );
  expect(Object.fromEntries(edges)).toEqual({
    ...{
      "root>outer": 11,
      "outer>middle": 33,
      "middle>leaf": 33,
      "root>deep": 11,
      "deep>deep": 33,
      "deep>leaf": 11,
    },
  });
});

describe("files of traces", () => {
  const folder = mkdtempSync(join(tmpdir(), "bpfkit-trace-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** What is in the file after the program has run. */
  async function traceOf(name: string): Promise<Buffer> {
    using program = new Waiting(callTree.fp, "tree");
    const output = join(folder, name);
    const ended = await bpfkitDuring([...traced("root|outer|middle|leaf", program.pid), "-o", output], () =>
      program.run(),
    );
    expect(ended.code).toBe(0);
    return readFileSync(output);
  }

  kernelTest(NEEDS, "Perfetto: slices lie in each other as the calls did", async () => {
    const slices = readTrace(await traceOf("x.pftrace"));
    const count = (name: string, depth: number) =>
      slices.filter((slice) => slice.name === `tree:${name}` && slice.depth === depth).length;
    expect([
      count("root", 0),
      count("outer", 1),
      count("middle", 2),
      count("leaf", 3),
      count("leaf", 1),
    ]).toEqual([...[11, 11, 33, 33, 11]]);
    expect(slices).toHaveLength(99);
    expect(slices.filter(({ args }) => args["n"] === 1n && args["result"] !== undefined)).toHaveLength(22);
    expect(new Set(slices.map(({ process, thread }) => `${process} ${thread}`))).toEqual(
      new Set(["tree tree"]),
    );
  });

  kernelTest(NEEDS, "Chrome: the same calls, with their arguments", async () => {
    const { traceEvents, otherData } = JSON.parse((await traceOf("x.chrome.json")).toString());
    const calls = traceEvents.filter(({ ph }: { ph: string }) => ph === "X");
    expect(calls).toHaveLength(99);
    for (const { dur, args } of calls) {
      expect(dur).toBeGreaterThan(0);
      expect(args.n).toBeGreaterThanOrEqual(0);
    }
    expect(otherData).toMatchObject({ command: "trace-fn", count: 99, lost: { ringFull: 0 } });
  });
});

for (const via of ["fentry", "kprobe"])
  kernelTest(
    // bpf_loop is as old as fentry programs that may read vfs_write's arguments.
    [via, "ring-buffer", "btf", "btf-raw-tracepoint", ...(via === "fentry" ? ["loop"] : [])],
    `kernel functions by ${via}`,
    async ({ kernel }) => {
      const dd = ["dd", "if=/dev/zero", "of=/dev/null", "bs=1", "count=211", "status=none"];
      const command = ["trace-fn", "--graph", "--via", via, "ksys_write", "vfs_write", "s:write"];
      const { printed } = await runCommand(kernel, command, dd, "ndjson");
      const calls = printed
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as Call)
        .filter(({ id }) => id !== undefined);
      const byId = new Map(calls.map((call) => [call.id, call]));
      const inside = calls.filter(
        (call) => call.function === "vfs_write" && byId.get(call.parent ?? 0)?.function === "ksys_write",
      );
      expect(inside.filter(({ depth, returned }) => depth === 2 && returned)).toHaveLength(211);
    },
  );
