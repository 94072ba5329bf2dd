import {
  differentStacks,
  functionReport,
  type SortColumn,
} from "../../../../src/commands/stack-profile/report";
import { callTree } from "../../../../src/output/stacks/call-tree";
import type { Frame, Profile, WeightUnit } from "../../../../src/output/stacks/profile";
import { ProfileBuilder } from "../../../../src/output/stacks/profile-builder";
import { offCpuState } from "../../../../src/probes/off-cpu";
import { isStack, StackId } from "../../../../src/probes/stack-store";
import { type StackDimension, type StackKey, stackKeyCodec } from "../../../../src/probes/stack-tally";
import { groupLabel } from "../../../../src/probes/stacks/group-label";
import { UnnamedFrames } from "../../../../src/probes/stacks/unnamed-frames";

const libc = { path: "/usr/lib/libc.so.6", start: 0n, end: 1n, fileOffset: 0n };

/** A profile of `group: main;work;…` stacks with their weights. */
function profileOf(stacks: Readonly<Record<string, number>>, unit: WeightUnit = "samples"): Profile {
  const builder = new ProfileBuilder();
  for (const [text, weight] of Object.entries(stacks)) {
    const [label = "", names = ""] = text.split(": ");
    const frames = names.split(";").map((name): Frame => ({ name, kind: "user", module: libc }));
    builder.add(
      builder.group({ label }),
      builder.stack(frames.map((frame) => builder.frame(frame))),
      weight,
      unit === "samples" ? weight : 1,
    );
  }
  const startedAt = new Date("2026-11-21T12:00:00Z");
  const lost = { mapFull: 2 };
  return builder.build({ title: "t", measure: "cpu", unit, startedAt, durationNs: 5e9, notes: [], lost });
}

function report(profile: Profile, given: { grouped?: boolean; top?: number; column?: SortColumn } = {}) {
  const { grouped = false, top = 15, column = "self" } = given;
  const sort = { column, reversed: false };
  return functionReport(profile, { grouped, top, sort, figures: { ticks: 98 }, footer: ["The end."] });
}

const mixed = profileOf({
  "a: main;work": 6,
  "b: main;work": 1,
  "a: main;work;work": 2,
  "a: main": 1,
});

test("functions have what they spend themselves and with all they call, recursion once", () => {
  const { rows } = report(mixed);
  expect(rows.map(({ function: { name }, self, total }) => [name, self, total])).toEqual([
    ["work", 9, 9],
    ["main", 1, 10],
  ]);
});

test("with groups each has functions of its own", () => {
  const { rows, columns } = report(mixed, { grouped: true });
  expect(rows.map(({ group, function: { name }, self }) => [group, name, self])).toEqual([
    ["a", "work", 8],
    ["a", "main", 1],
    ["b", "work", 1],
    ["b", "main", 0],
  ]);
  expect(columns.map(({ key }) => key)).toEqual([
    ...["group", "selfShare", "selfSamples", "totalShare", "totalSamples", "function", "module"],
  ]);
});

test.each<[SortColumn, string[]]>([
  ["self", ["work", "main"]],
  ["total", ["main", "work"]],
  ["function", ["main", "work"]],
])("sorted by %s", (column, names) =>
  expect(report(mixed, { column }).rows.map(({ function: { name } }) => name)).toEqual(names),
);

test("totals count everything, rows not shown included; losses stand by themselves", () => {
  const { totals, lost, rows } = report(mixed, { top: 1 });
  expect(rows).toHaveLength(1);
  expect(totals).toEqual({
    ...{ measure: "cpu", unit: "samples", samples: 10, weight: 10, stacks: 4 },
    ...{ ticks: 98, rows: 2, shownRows: 1 },
  });
  expect(lost).toEqual({ mapFull: 2 });
});

test("the heaviest stacks stand below, the innermost function first, as wide as a table at most", () => {
  const long = profileOf({ [`a: ${Array.from({ length: 40 }, (_, i) => `f${i}`).join(";")}`]: 3 });
  const lines = report(long).footer;
  expect(lines[1]).toMatch(/^100\.0 % {2}f39 < f38 < .*…$/);
  expect(lines[1]?.length).toBeLessThanOrEqual(80);
  expect(report(mixed).footer.slice(0, 2)).toEqual([
    "The heaviest stacks, innermost first:",
    " 60.0 %  work < main < a",
  ]);
  expect(report(mixed).footer.at(-1)).toBe("The end.");
});

test("times have a unit that fits", () => {
  const { columns, rows } = report(profileOf({ "a: main": 2_500_000 }, "nanoseconds"));
  const self = columns.find(({ key }) => key === "selfNs");
  expect([self?.title, self?.unit, self?.text(rows[0]!)]).toEqual(["self", "us", "2500.0"]);
});

test("stacks of the same functions are one, whatever their addresses", () => {
  const twice = profileOf({ "a: main;work": 1, "a: main;work ": 1 });
  expect(differentStacks(callTree(mixed))).toBe(4);
  expect(differentStacks(callTree(twice))).toBe(2);
});

test("a profile without a sample is a report without a row", () => {
  const empty = report(profileOf({}));
  expect([empty.rows, empty.footer]).toEqual([[], ["The end."]]);
});

const key: StackKey = { kernel: 0n, user: 0n, comm: "node", pid: 42, tid: 43, cpu: 1, cgroup: 7n };
const HEX = "ab12".repeat(16);

test.each<[StackDimension, string]>([
  ["process", "node (42)"],
  ["thread", "node (42/43)"],
  ["comm", "node"],
  ["cpu", "cpu 1"],
  ["cgroup", `/docker/${HEX}`],
  ["container", "docker:ab12ab12ab12"],
])("the label of a group by %s", (by, label) =>
  expect(groupLabel(key, by, { cgroup: () => `/docker/${HEX}` }).label).toBe(label),
);

test("a cgroup that is gone, and the idle task", () => {
  expect(groupLabel(key, "cgroup", { cgroup: () => undefined }).label).toBe("(gone, id 7)");
  expect(groupLabel({ ...key, comm: "swapper/3" }, "comm", { cgroup: () => "" }).label).toBe("[idle]");
});

test.each<[number, string]>([
  [0, "preempted"],
  [1, "sleeping"],
  [2, "blocked"],
  [0x402, "idle"],
  [4, "stopped"],
  [8, "stopped"],
  [0x200, "sleeping"],
])("the state 0x%d is %s", (bits, state) => expect(offCpuState(bits)).toBe(state));

test("a key has no byte that nobody writes but at its end", () => {
  for (const by of ["process", "thread", "comm", "cpu", "cgroup", "container"] as const)
    for (const [state, waker] of [
      [false, false],
      [true, false],
      [true, true],
    ] as const) {
      const { size, holes, offsets, fields } = stackKeyCodec({ by, state, waker });
      const last = Object.keys(fields).at(-1) as keyof typeof offsets;
      expect(offsets[last] + fields[last].size).toBe(size - holes);
    }
});

test("ids of stacks are none of those that stand for a reason", () => {
  for (const id of Object.values(StackId)) expect(isStack(id)).toBe(false);
  expect(isStack(1n << 63n)).toBe(true);
});

describe("frames without names", () => {
  const stripped = { module: "/usr/bin/x", reason: "stripped" } as const;

  test("are counted by file and reason, with advice", () => {
    const frames = new UnnamedFrames();
    frames.add(undefined, 6);
    frames.add(stripped, 3);
    frames.add({ module: "", reason: "unmapped" }, 1);
    expect(frames.notes.slice(0, 2)).toEqual([
      "40.0 % of the frames in user code have no name:",
      "  30.0 %  x: the file has no symbols for its own functions.",
    ]);
    expect(frames.notes.join("\n")).toContain("-fno-omit-frame-pointer");
  });

  test("that hardly occur are not worth a word", () => {
    const frames = new UnnamedFrames();
    frames.add(undefined, 100_000);
    frames.add(stripped, 1);
    expect(frames.notes).toEqual([]);
  });

  test("of many files are summed up", () => {
    const frames = new UnnamedFrames();
    for (let i = 0; i < 5; i++) frames.add({ ...stripped, module: `/x/${i}` }, 10);
    expect(frames.notes.at(-1)).toBe("  40.0 %  in 2 other places.");
  });
});
