import type { Report } from "../../../src/output/report";
import { SMALL_TABLE, type TableOptions, tableRenderer } from "../../../src/output/table";
import { displayWidth } from "../../../src/output/width";
import { type Call, calls, info, manyCalls, nextReport, reportOf } from "./sample";

const defaults: TableOptions = { color: false, ascii: false, width: 80, timestamps: "none" };

function render(reports: readonly Report<Call>[], options: Partial<TableOptions> = {}): string {
  const renderer = tableRenderer(info, { ...defaults, ...options });
  return reports.map((report) => [...renderer.render(report)].join("")).join("");
}

const rowsOf = (text: string) => text.split("\n\n")[0]!.split("\n").slice(1);

test("numbers stand to the right, units in the heading, totals and losses underneath", () => {
  expect(render([reportOf(calls)])).toMatchInlineSnapshot(`
"SYSCALL          COUNT  SHARE %
read              1201     60.0
openat             601     30.0
clock_nanosleep    199     10.0

2001 calls in 1s.
Lost: nothing.
"
`);
});

test("the header is shown without any row", () => {
  expect(render([reportOf([])])).toMatchInlineSnapshot(`
"SYSCALL  COUNT  SHARE %

2001 calls in 1s.
Lost: nothing.
"
`);
});

test("what was lost is named by its reasons; those that did not occur are not", () => {
  const lost = { mapFull: 10, missedProbe: 2, stackCollision: 0 };
  expect(render([reportOf([], { lost, footer: [] })])).toMatch(
    /\n\nLost: 12 \(map full 10, missed probe 2\)\.\n$/,
  );
});

test("nothing stands under a table that can lose nothing and says nothing", () => {
  expect(render([reportOf(calls.slice(0, 1), { lost: {}, footer: [] })])).toBe(
    "SYSCALL  COUNT  SHARE %\nread      1201     60.0\n",
  );
});

test.each([
  ["none", "\n\n", "^SYSCALL"],
  ["iso", "\n\n2026-11-21T10:00:02.500Z\n", "^2026-11-21T10:00:01.000Z\nSYSCALL"],
  ["delta", "\n\n+1.500s\n", "^\\+1.000s\nSYSCALL"],
] as const)("intervals with --timestamps %s", (timestamps, between, start) => {
  const text = render([reportOf(calls), nextReport(calls)], { timestamps });
  expect(text).toMatch(new RegExp(start));
  expect(text).toContain(`Lost: nothing.${between}SYSCALL`);
});

test("names of other processes cannot reach the terminal", () => {
  const name = "a\x1b[2Jb\u009b31mc\nd\u202ee";
  const [row] = rowsOf(render([reportOf([{ name, count: 1, share: 1 }])]));
  expect(row).toMatch(/^a\\e\[2Jb\\x9b31mc\\nd\\u202ee +1/);
});

test("neither can the sentences under the table", () => {
  expect(render([reportOf([], { footer: ["comm \x07"] })])).toContain("comm \\x07\n");
});

describe("width", () => {
  const long = { name: "x".repeat(200), count: 1, share: 1 };

  test.each([80, 40, 132])("the column that may shrink makes the table fit %d columns", (width) => {
    const [row] = rowsOf(render([reportOf([long])], { width }));
    expect(displayWidth(row!)).toBe(width);
    expect(row).toContain("…");
  });

  test("columns that may not shrink keep their digits on the narrowest terminal", () => {
    const [row] = rowsOf(render([reportOf([{ ...long, count: 2n ** 64n - 1n }])], { width: 10 }));
    expect(row).toMatch(/^x{7}… +18446744073709551615 +100\.0$/);
  });

  test("nothing is cut without a limit", () => {
    expect(render([reportOf([long])], { width: Number.POSITIVE_INFINITY })).toContain(long.name);
  });

  test("without UTF-8 the mark is ASCII", () => {
    const [row] = rowsOf(render([reportOf([long])], { ascii: true }));
    expect(row).toMatch(/^x+~ /);
  });

  test("columns line up behind CJK, emoji and combining marks", () => {
    const names = ["ab", "日本語", "🚀🚀", "e\u0301e\u0301", "नमस्ते"];
    const rows = rowsOf(render([reportOf(names.map((name) => ({ name, count: 7, share: 0.5 })))]));
    expect(new Set(rows.map(displayWidth)).size).toBe(1);
  });
});

describe("chart", () => {
  test("the largest value has the longest bar, which ends where the table must", () => {
    const text = render([reportOf(calls, { chart: (row) => row.share, footer: [], lost: {} })], {
      width: 50,
    });
    expect(text).toMatchInlineSnapshot(`
"SYSCALL          COUNT  SHARE %
read              1201     60.0  █████████████████
openat             601     30.0  ████████▌
clock_nanosleep    199     10.0  ██▉
"
`);
  });

  test("in ASCII", () => {
    const [first, second] = rowsOf(
      render([reportOf(calls, { chart: (row) => row.share })], { width: 50, ascii: true }),
    );
    expect(first).toMatch(/ {2}#{17}$/);
    expect(second).toMatch(/ {2}#{9}$/);
  });

  test("all values zero give no bars", () => {
    const rows = rowsOf(render([reportOf(calls, { chart: () => 0 })]));
    expect(rows[0]).toMatch(/60\.0$/);
  });
});

test("a long table looks like a short one of the same rows", () => {
  const many = manyCalls(SMALL_TABLE + 1);
  // The widest row is in both, so the columns are the same.
  const few = [...many.slice(0, 20), many.at(-1)!];
  const long = rowsOf(render([reportOf(many)]));
  const short = rowsOf(render([reportOf(few)]));
  expect(long).toHaveLength(SMALL_TABLE + 1);
  expect(short).toEqual([...long.slice(0, 20), long.at(-1)]);
});

test("ten thousand rows come out as pieces, not as one string", () => {
  const pieces = [...tableRenderer(info, defaults).render(reportOf(manyCalls(10_000)))];
  expect(pieces.length).toBeGreaterThan(10_000);
  expect(pieces[10_000]).toMatch(/^call_9999 +79182081 +100\.0\n$/);
});

test("colour marks the heading and the losses and nothing else", () => {
  const text = render([reportOf(calls, { lost: { mapFull: 1 } })], { color: true });
  expect(text).toContain("\x1b[1mSYSCALL          COUNT  SHARE %\x1b[22m\nread ");
  expect(text).toContain("\x1b[33mLost: 1 (map full 1).\x1b[39m");
  expect(text.split("\x1b[").length).toBe(5);
});
