import { commandLineText } from "../../../../src/commands/proc-count/command-line-text";
import { endOf } from "../../../../src/commands/proc-count/event-rows";
import { Flapping } from "../../../../src/commands/proc-count/flapping";
import {
  argsLabels,
  type CountedGroup,
  divided,
  type ExecRow,
  rowsOf,
} from "../../../../src/commands/proc-count/rows";
import { treeRows } from "../../../../src/commands/proc-count/tree";
import { decoded, encoded } from "../../../../src/core/codec";
import { ExecDelta } from "../../../../src/probes/exec-delta";
import { GroupWord, SIGNALS } from "../../../../src/probes/exec-groups";
import { argsCodec, NOT_CAPTURED } from "../../../../src/probes/exec-key";
import { readPath } from "../../../../src/probes/file-path";

const COST = { cost: true, name: false };

/** The words of a group with these set. */
function words(set: Partial<Record<number, bigint>>): BigUint64Array {
  const all = new BigUint64Array(GroupWord.signals + SIGNALS);
  for (const [index, word] of Object.entries(set)) all[Number(index)] = BigInt.asUintN(64, word as bigint);
  return all;
}

const names = { task: () => undefined, user: () => undefined, cgroup: () => undefined };

describe("a path from its names", () => {
  test.each([
    ["usual", "ls\0bin\0usr\0", "/usr/bin/ls"],
    ["in the root", "init\0", "/init"],
    ["none", "", ""],
    ["UTF-8", "é漢\0tmp\0", "/tmp/é漢"],
  ])("%s", (_name, written, path) => {
    const room = Buffer.alloc(32);
    room.write(written);
    expect(readPath(room)).toBe(path);
  });
  test("one that is too long says that its beginning is missing", () =>
    expect(readPath(Buffer.from("ls\0bin\0usr\0opt"))).toBe("…opt/usr/bin/ls"));
});

describe("a command line", () => {
  const of = (text: string, length = Buffer.byteLength(text), size = 32) =>
    argsLabels(decoded(argsCodec(size), encoded(argsCodec(size), { length, text, kept: 0 })));
  test.each([
    ["words", "a\0b c\0", { args: ["a", "b c"], argsCut: false }],
    [
      "an empty word in the middle and at the end",
      "a\0\0b\0\0",
      { args: ["a", "", "b", ""], argsCut: false },
    ],
    ["nothing at all", "", { args: [""], argsCut: false }],
  ])("%s", (_name, text, labels) => expect(of(text).argsCut).toBe(labels.argsCut));
  test("its words", () => expect(of("a\0\0b\0\0").args).toEqual(["a", "", "b", ""]));
  test("no word at all", () => expect(of("").args).toEqual([]));
  test("cut off", () => expect(of("abcdefgh", 100, 8)).toEqual({ args: ["abcdefgh"], argsCut: true }));
  test("of a process from before: its name", () =>
    expect(of("bash\0", NOT_CAPTURED)).toEqual({ args: ["[bash]"], argsCut: false }));
  test("is shown as one would type it", () =>
    expect(commandLineText(["a", "b c", "", "it's"], true)).toBe("a 'b c' '' 'it'\\''s'…"));
});

describe("rows", () => {
  test("figures of one group", () => {
    const group = words({
      [GroupWord.execs]: 3n,
      [GroupWord.exits]: 3n,
      [GroupWord.failed]: 1n,
      [GroupWord.signaled]: 1n,
      [GroupWord.signals + 9]: 1n,
      [GroupWord.maxRssPages]: 10n,
      [GroupWord.wallNs]: 500n,
      [GroupWord.figures]: 1000n,
      [GroupWord.figures + 1]: 10n,
      [GroupWord.figures + 2]: 30n,
    });
    const [row] = rowsOf([{ key: { comm: "cc1" }, words: group }], ["comm"], COST, names, 4096);
    expect(row).toMatchObject({
      comm: "cc1",
      count: 3,
      failed: 1,
      killed: 1,
      signals: { SIGKILL: 1 },
      maxRssBytes: 40_960,
      wallNs: 500,
      cpuNs: 1000,
      userNs: 250,
      systemNs: 750,
    });
  });
  test("groups with equal labels are one row, with the larger maximum", () => {
    const one = words({ [GroupWord.execs]: 1n, [GroupWord.maxRssPages]: 3n });
    const two = words({ [GroupWord.execs]: 2n, [GroupWord.maxRssPages]: 2n });
    const entries: CountedGroup[] = [
      { key: { cgroup: 1n }, words: one },
      { key: { cgroup: 2n }, words: two },
    ];
    const cgroups = { ...names, cgroup: () => "/" };
    expect(rowsOf(entries, ["container"], COST, cgroups, 1)).toMatchObject([
      { container: "host", count: 3, maxRssBytes: 3 },
    ]);
  });
  test("a group that counted nothing is no row", () =>
    expect(rowsOf([{ key: { comm: "x" }, words: words({}) }], ["comm"], COST, names, 1)).toEqual([]));
  test.each([
    ["as the ticks saw it", 100, 1, 3, { userNs: 25, systemNs: 75 }],
    ["no tick", 100, 0, 0, { userNs: 100, systemNs: 0 }],
    ["system only", 100, 0, 5, { userNs: 0, systemNs: 100 }],
  ])("time is divided: %s", (_name, cpu, user, system, parts) =>
    expect(divided(cpu, user, system)).toEqual(parts),
  );
});

describe("intervals", () => {
  const key = { comm: "x", bytes: Buffer.from("x") };
  test("what came since the last; what is a state stays", () => {
    const delta = new ExecDelta(COST);
    const before = words({ [GroupWord.execs]: 5n, [GroupWord.alive]: 2n, [GroupWord.wallNs]: -100n });
    const [first] = delta.since([{ key, words: before }], 200n);
    // Two that began at a sum of 100 have run 300 together.
    expect(first?.words[GroupWord.wallNs]).toBe(300n);
    const after = words({ [GroupWord.execs]: 7n, [GroupWord.alive]: 1n, [GroupWord.wallNs]: 150n });
    const [second] = delta.since([{ key, words: after }], 400n);
    expect(second?.words[GroupWord.execs]).toBe(2n);
    expect(second?.words[GroupWord.alive]).toBe(1n);
    expect(second?.words[GroupWord.wallNs]).toBe(250n);
  });
  test("keys that read alike are told apart by their bytes", () => {
    const delta = new ExecDelta({ cost: false, name: false });
    const entry = (byte: number, execs: bigint) => ({
      key: { comm: "\ufffd", bytes: Buffer.of(byte) },
      words: new BigUint64Array([execs]),
    });
    delta.since([entry(0xfe, 5n), entry(0xff, 7n)], 0n);
    const counts = delta.since([entry(0xfe, 6n), entry(0xff, 9n)], 0n).map(({ words }) => words[0]);
    expect(counts).toEqual([1n, 2n]);
  });
  test("a key that was evicted and came back is new", () => {
    const delta = new ExecDelta({ cost: false, name: false });
    delta.since([{ key, words: new BigUint64Array([5n]) }], 0n);
    expect(delta.since([{ key, words: new BigUint64Array([2n]) }], 0n)[0]?.words[0]).toBe(2n);
  });
});

describe("the tree", () => {
  const row = (pid: number, ppid: number, cpuNs: number) =>
    ({ pid, ppid, comm: `p${pid}`, cpuNs, count: 1, maxRssBytes: cpuNs, signals: {} }) as unknown as ExecRow;
  const byCpu = (a: ExecRow, b: ExecRow) => b.cpuNs - a.cpuNs;
  const flat = (rows: readonly ExecRow[]) =>
    treeRows(rows, byCpu).map(({ pid, depth, cpuNs, selfCpuNs }) => [pid, depth, cpuNs, selfCpuNs]);

  test("a branch costs what all in it cost", () =>
    expect(flat([row(1, 0, 1), row(2, 1, 5), row(3, 1, 9), row(4, 2, 7)])).toEqual([
      [1, 0, 22, 1],
      [2, 1, 12, 5],
      [4, 2, 7, 7],
      [3, 1, 9, 9],
    ]));
  test("an adopted process stays with who started it", () =>
    expect(flat([row(5, 0, 1), row(6, 5, 2), row(6, 1, 3)])).toEqual([
      [5, 0, 6, 1],
      [6, 1, 5, 5],
    ]));
  test("labels are not added up, maxima are not either", () => {
    const [root] = treeRows([row(1, 0, 4), row(2, 1, 3)], byCpu);
    expect(root).toMatchObject({ pid: 1, ppid: 0, comm: "p1", count: 2, maxRssBytes: 4 });
  });
});

describe("how a process ended", () => {
  test.each([
    ["0", 0, { exitCode: 0 }],
    ["a status", 3 << 8, { exitCode: 3 }],
    ["a signal", 9, { signal: "SIGKILL", coreDumped: false }],
    ["a signal with a core", 11 | 0x80, { signal: "SIGSEGV", coreDumped: true }],
    ["a real-time signal", 40, { signal: "40", coreDumped: false }],
  ])("%s", (_name, status, end) => expect(endOf(status)).toEqual(end));
});

describe("flapping", () => {
  const exit = (second: number, exitCode: number, args = ["x"]) =>
    ({ time: new Date(second * 1000).toISOString(), exitCode, args, comm: "x" }) as never;
  test("failures within a minute count together", () => {
    const flapping = new Flapping(2, 10);
    for (const second of [0, 50, 70, 100, 200]) flapping.ended(exit(second, 1));
    expect(flapping.rows()).toEqual([
      { args: ["x"], perMinute: 3, failed: 5, ended: 5, lastStatus: "status 1" },
    ]);
  });
  test("what succeeds does not", () => {
    const flapping = new Flapping(1, 10);
    for (const second of [0, 1, 2, 3]) flapping.ended(exit(second, 0));
    expect(flapping.rows()).toEqual([]);
  });
  test("times beyond a minute are forgotten", () => {
    const flapping = new Flapping(0, 10);
    for (let i = 0; i < 30_000; i++) flapping.ended(exit(i / 8, 1));
    expect(flapping.rows()[0]).toMatchObject({ perMinute: 480, failed: 30_000 });
  });
  test("only so many command lines are remembered, those that ended last", () => {
    const flapping = new Flapping(0, 2);
    flapping.ended(exit(0, 0, ["good"]));
    for (const name of ["a", "b", "a", "c"]) flapping.ended(exit(0, 1, [name]));
    expect(flapping.rows().map(({ args }) => args[0])).toEqual(["a", "c"]);
    // What never failed is no loss.
    expect(flapping.forgotten).toBe(1);
  });
});
