import { parseCommandLine } from "../../../../src/cli/command-line";
import { commands } from "../../../../src/commands";
import { inFlightReport, inFlightRows } from "../../../../src/commands/syscall-top/in-flight";
import { listReport } from "../../../../src/commands/syscall-top/list";
import { maxEntriesOf, type Options, sortOf, storeOf } from "../../../../src/commands/syscall-top/options";
import { type ReportOptions, syscallReport } from "../../../../src/commands/syscall-top/report";
import { type Names, rowsOf } from "../../../../src/commands/syscall-top/rows";
import { UsageError } from "../../../../src/core/errors";
import { jsonRenderer } from "../../../../src/output/json";
import type { Report } from "../../../../src/output/report";
import { tableRenderer } from "../../../../src/output/table";
import type { GroupKey } from "../../../../src/probes/group-key";
import type { Stats } from "../../../../src/probes/stats";
import { nativeAbi } from "../../../../src/symbols/syscalls";
import { selectSyscalls } from "../../../../src/symbols/syscalls/select";
import { took as durations } from "../../probes/durations";
import { fakeMachine } from "../fake-machine";

const CONTAINER = "ab12".repeat(16);
const names: Names = {
  native: "x86-64",
  task: (id) => new Map([[7, "nginx"]]).get(id),
  cgroup: (id) => ["/", "/system.slice", `/docker/${CONTAINER}/init`][Number(id)],
};

function counted(count: number, failed = 0): Stats {
  return { count, failed, totalNs: 0, maxNs: 0, histogram: [] };
}

const took = (...ns: readonly number[]): Stats => ({ ...durations(...ns), failed: 1 });

describe("rows", () => {
  test.each<[string, Parameters<typeof rowsOf>[1], GroupKey, object]>([
    ["a call", ["syscall"], { number: 0, abi: 0 }, { nr: 0, syscall: "read", abi: "x86-64" }],
    ["a 32-bit call", ["syscall"], { number: 20, abi: 1 }, { nr: 20, syscall: "ia32:getpid" }],
    ["an x32 call", ["syscall"], { number: 39, abi: 2 }, { nr: 39, syscall: "x32:getpid" }],
    ["no call that is known", ["syscall"], { number: 600, abi: 0 }, { nr: 600, syscall: "#600" }],
    ["−1", ["syscall"], { number: -1, abi: 0 }, { nr: -1, syscall: "#-1" }],
    ["a process", ["process"], { pid: 7 }, { pid: 7, comm: "nginx" }],
    ["a process whose name was not noted", ["process"], { pid: 8 }, { pid: 8, comm: "?" }],
    ["a thread", ["thread"], { pid: 6, tid: 7 }, { pid: 6, tid: 7, comm: "nginx" }],
    ["a name", ["comm"], { comm: "sh" }, { comm: "sh" }],
    ["a cgroup", ["cgroup"], { cgroup: 1n }, { cgroup: "/system.slice" }],
    ["a cgroup that is gone", ["cgroup"], { cgroup: 9n }, { cgroup: "(gone, id 9)" }],
    ["a container", ["container"], { cgroup: 2n }, { container: `docker:${CONTAINER.slice(0, 12)}` }],
    ["outside of containers", ["container"], { cgroup: 1n }, { container: "host" }],
    ["an error", ["errno"], { errno: 2 }, { errno: "ENOENT" }],
    ["a pair", ["comm", "errno"], { comm: "sh", errno: 1 }, { comm: "sh", errno: "EPERM" }],
  ])("%s", (_name, by, key, expected) =>
    expect(rowsOf([{ key, stats: counted(3, 1) }], by, names)).toMatchObject([
      { ...expected, count: 3, failed: 1 },
    ]),
  );

  test("groups of one name are one row", () => {
    const entries = [
      { key: { cgroup: 0n }, stats: took(10, 20) },
      { key: { cgroup: 1n }, stats: took(30) },
    ];
    expect(rowsOf(entries, ["container"], names)).toMatchObject([
      { container: "host", count: 3, failed: 2, totalNs: 60, avgNs: 20, maxNs: 30 },
    ]);
  });

  test("figures of durations", () => {
    const [row] = rowsOf([{ key: { number: 0, abi: 0 }, stats: took(1, 2, 3, 4, 970) }], ["syscall"], names);
    expect(row).toMatchObject({ totalNs: 980, avgNs: 196, p50Ns: 3, p95Ns: 970, p99Ns: 970, maxNs: 970 });
  });
});

const span = { startedAt: new Date(0), endedAt: new Date(2000), durationNs: 2e9 };
const entries = [
  { key: { number: 0, abi: 0 }, stats: counted(300, 30) },
  { key: { number: 1, abi: 0 }, stats: counted(90) },
  { key: { number: 20, abi: 1 }, stats: counted(10, 10) },
];
const plain: ReportOptions = {
  by: ["syscall"],
  latency: false,
  errors: false,
  failuresOnly: false,
  top: 15,
  sort: { column: "count", reversed: false },
  chart: false,
};
const nothing = { mapFull: 0, evicted: 0 };
const info = {
  tool: "bpfkit",
  version: "1.2.3",
  command: "syscall-top",
  kernel: "6.6.6",
  startedAt: new Date(0),
} as const;

const report = (more: Partial<ReportOptions> = {}) =>
  syscallReport(rowsOf(entries, ["syscall"], names), span, nothing, { ...plain, ...more });
const table = (shown: Report<never>) =>
  `\n${[...tableRenderer(info, { width: 80, color: false, ascii: false, timestamps: "none" }).render(shown)].join("")}`;

describe("report", () => {
  test("JSON", () => {
    expect(
      [...jsonRenderer(info, false).render(report({ errors: true, top: 2 }))].join(""),
    ).toMatchInlineSnapshot(`
"{
  "tool": "bpfkit",
  "version": "1.2.3",
  "command": "syscall-top",
  "kernel": "6.6.6",
  "startedAt": "1970-01-01T00:00:00.000Z",
  "endedAt": "1970-01-01T00:00:02.000Z",
  "durationNs": 2000000000,
  "rows": [
    {"nr":0,"syscall":"read","count":300,"failed":30,"share":0.75,"ratePerSecond":150},
    {"nr":1,"syscall":"write","count":90,"failed":0,"share":0.225,"ratePerSecond":45}
  ],
  "totals": {"count":400,"ratePerSecond":200,"shownCount":390,"rows":3,"shownRows":2,"failed":40},
  "lost": {"mapFull":0,"evicted":0}
}
"
`);
  });
  test("sorted by another column, backwards, and cut", () => {
    const shown = report({ sort: { column: "syscall", reversed: true }, top: 2 });
    expect(shown.rows.map((row) => row.syscall)).toEqual(["write", "read"]);
    expect(shown.totals).toMatchObject({
      count: 400,
      shownCount: 390,
      rows: 3,
      shownRows: 2,
      ratePerSecond: 200,
    });
    expect(shown.footer[0]).toBe("Total: 400 calls; shown: 390 (97.5 %) in 2 of 3 rows.");
  });
  test("failures are called so", () =>
    expect(report({ failuresOnly: true }).footer).toEqual(["Total: 400 failed calls."]));
  test("the error of percentiles is told", () => {
    const timed = syscallReport(
      rowsOf([{ key: { number: 0, abi: 0 }, stats: took(1500, 2500) }], ["syscall"], names),
      span,
      nothing,
      { ...plain, latency: true, sort: { column: "total", reversed: false } },
    );
    expect(timed.footer).toContain("p50, p95 and p99 are within 1/16 of the true value.");
    expect(timed.totals).toMatchObject({ totalNs: 4000, relativeError: 0.0625 });
    expect(timed.columns.map(({ key }) => key)).toEqual([
      ...["nr", "syscall", "count"],
      ...["totalNs", "avgNs", "p50Ns", "p95Ns", "p99Ns", "maxNs"],
    ]);
  });
  test("nothing counted: a report without rows, and no division by nothing", () => {
    const none = syscallReport([], { ...span, durationNs: 0 }, nothing, plain);
    expect(none.totals).toEqual({ count: 0, ratePerSecond: null, shownCount: 0, rows: 0, shownRows: 0 });
    expect(none.columns.length).toBeGreaterThan(0);
  });
  test("equal rows are always in the same order", () => {
    const same = ["b", "a", "c"].map((comm) => ({ key: { comm }, stats: counted(5) }));
    for (const order of [same, [...same].reverse()]) {
      const shown = syscallReport(rowsOf(order, ["comm"], names), span, nothing, { ...plain, by: ["comm"] });
      expect(shown.rows.map(({ comm }) => comm)).toEqual(["a", "b", "c"]);
    }
  });
  test("a bar is as long as the count, or the time", () => {
    const bars = (more: Partial<ReportOptions>) => {
      const shown = report({ chart: true, ...more });
      return shown.rows.map((row) => shown.chart?.(row));
    };
    expect(bars({})).toEqual([300, 90, 10]);
    expect(bars({ latency: true })).toEqual([0, 0, 0]);
  });
});

describe("in flight", () => {
  const call = { owner: 1n, startNs: 1000, number: 0, abi: 0, pid: 6, tid: 7 };
  test("rows have their age, the oldest first, never negative", () => {
    const calls = [
      call,
      { ...call, startNs: 500, number: 20, abi: 1, tid: 8 },
      { ...call, startNs: 5000, tid: 9 },
    ];
    const rows = inFlightRows(calls, 2000n, "x86-64", (id) => names.task(id));
    expect(rows).toEqual([
      { pid: 6, tid: 8, comm: "?", nr: 20, syscall: "ia32:getpid", ageNs: 1500 },
      { pid: 6, tid: 7, comm: "nginx", nr: 0, syscall: "read", ageNs: 1000 },
      { pid: 6, tid: 9, comm: "?", nr: 0, syscall: "read", ageNs: 0 },
    ]);
    const shown = inFlightReport(rows, span, {}, 2);
    expect(shown.totals).toEqual({ inFlight: 3, shownRows: 2 });
    expect(shown.footer[0]).toBe("In flight: 3 calls; shown: the 2 oldest.");
  });
});

test("the list has every ABI, or what was selected of it", () => {
  const all = listReport("x86-64", undefined, new Date(0));
  expect(new Set(all.rows.map(({ abi }) => abi))).toEqual(new Set(["x86-64", "i386", "x32"]));
  const some = listReport("x86-64", selectSyscalls("getppid", nativeAbi("x64")), new Date(0));
  expect(some.rows).toEqual([
    { abi: "x86-64", nr: 110, syscall: "getppid" },
    { abi: "i386", nr: 64, syscall: "ia32:getppid" },
    { abi: "x32", nr: 110, syscall: "x32:getppid" },
  ]);
});

describe("options", () => {
  const parse = (...args: string[]): Options => {
    const parsed = parseCommandLine(["syscall-top", ...args], commands, fakeMachine);
    if (parsed.kind !== "run") throw new Error("no run");
    return parsed.options as Options;
  };

  test("what is not given", () => {
    const given = parse();
    expect(given).toMatchObject({
      by: ["syscall"],
      latency: false,
      top: 15,
      errno: undefined,
      syscall: undefined,
    });
    expect(storeOf(given)).toBe("array");
    expect(maxEntriesOf(given)).toBe(10_240);
    expect(sortOf(given)).toEqual({ column: "count", reversed: false });
  });
  test("what follows from others", () => {
    expect(storeOf(parse("--by", "process"))).toBe("hash");
    expect(storeOf(parse("--by", "errno"))).toBe("array");
    expect(storeOf(parse("--map", "lru"))).toBe("lru");
    expect(maxEntriesOf(parse("--latency"))).toBe(4096);
    expect(maxEntriesOf(parse("--latency", "--max-entries", "7"))).toBe(7);
    expect(sortOf(parse("--latency"))).toEqual({ column: "total", reversed: false });
    expect(sortOf(parse("--latency", "-s", "-p99"))).toEqual({ column: "p99", reversed: true });
    expect(parse("--by", "process, errno").by).toEqual(["process", "errno"]);
    expect(parse("--errno", "enoent").errno).toBe(2);
    expect(parse("--errno", "17").errno).toBe(17);
    expect(parse("-n", "0").top).toBe(Number.POSITIVE_INFINITY);
  });
  test.each([
    ["an unknown grouping", ["--by", "sycall"], 'by: "sycall" is none of'],
    ["one twice", ["--by", "comm,comm"], 'by: "comm" is there twice'],
    ["thread and process", ["--by", "thread,process"], 'by: "thread" shows the process already'],
    ["cgroup and container", ["--by", "cgroup,container"], "exclude each other"],
    ["no error", ["--errno", "0"], 'errno: no error "0"'],
    ["an error too large", ["--errno", "4096"], 'errno: no error "4096"'],
    ["no room", ["--max-entries", "0"], 'max-entries: "0" is not a number from 1'],
    ["too much room", ["--max-entries", "16777217"], "is not a number from 1 to 16777216"],
    [
      "an array of processes",
      ["--map", "array", "--by", "process"],
      'map: "array" does not go with --by process',
    ],
    ["results of what has none", ["--in-flight", "-x"], "in-flight: calls that have not returned"],
    ["a column of other tables", ["-s", "failed"], 'sort: this table has no column "failed"'],
    ["two formats", ["--json", "--csv"], "csv"],
  ])("refused: %s", (_name, args, message) => {
    expect(() => parse(...args)).toThrow(UsageError);
    expect(() => parse(...args)).toThrow(message);
  });
});

test("table", () => {
  expect(table(report({ errors: true, top: 2 }) as never)).toMatchInlineSnapshot(`
"
NR  SYSCALL  COUNT  FAILED  SHARE %  RATE /s
 0  read       300      30     75.0      150
 1  write       90       0     22.5     45.0

Total: 400 calls; shown: 390 (97.5 %) in 2 of 3 rows.
Lost: nothing.
"
`);
});
