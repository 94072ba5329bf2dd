import type { Profile } from "../../../../src/output/stacks/profile";
import { profileJson } from "../../../../src/output/stacks/profile-json";
import { readProfile } from "../../../../src/output/stacks/read-profile";
import { deep, empty, info, mixed, profileOf, textOf } from "./sample";

const json = (profile: Profile) => textOf(profileJson(profile, info, { ticks: 400 }));
const read = (text: string) => readProfile(Buffer.from(text), "a.json");
const waits = profileOf([{ frames: ["main", "wait"], weight: 2 ** 53, count: 3 }], {
  unit: "nanoseconds",
  measure: "off-cpu",
  periodNs: undefined,
  notes: ["a note"],
  lost: { stacksFull: 5 },
});

test("a row is a stack as numbers of frames", () => {
  const document = JSON.parse(json(mixed));
  expect(document).toMatchObject({
    tool: "bpfkit",
    command: "stack-profile",
    startedAt: "2026-11-21T10:00:00.000Z",
    endedAt: "2026-11-21T10:00:02.000Z",
    profile: { title: "CPU time", measure: "cpu", unit: "samples", periodNs: 10_000_000 },
    totals: { count: 10, stacks: 5, ticks: 400 },
    lost: { stacksFull: 0 },
  });
  const { label, pid, tid, count, stack } = document.rows[1];
  expect([label, pid, tid, count]).toEqual(["shop", 42, 43, 2]);
  expect(stack.map((at: number) => document.frames[at].name)).toEqual(["main", "pay", "add"]);
  expect(document.frames[0]).toEqual({ name: "main", kind: "user", module: 0, address: "0x55d000000010" });
  expect(document.modules[1]).toEqual({
    path: "[kernel]",
    start: "0xffffffff81000000",
    end: "0xffffffff82000000",
    fileOffset: "0x0",
  });
});

test("a weight that is no count has a name with its unit, and is exact", () => {
  expect(JSON.parse(json(waits))).toMatchObject({
    rows: [{ label: "", count: 3, totalNs: "9007199254740992" }],
    totals: { count: 3, totalNs: "9007199254740992" },
    lost: { stacksFull: 5 },
  });
});

test.each([
  ["of every kind", mixed],
  ["of waits", waits],
  ["without samples", empty],
  ["ten thousand frames deep", deep(10_000)],
])("a profile %s comes back whole", (_what, profile) => {
  const again = read(json(profile));
  expect(json(again)).toBe(json(profile));
  const { startedAt, title, unit, notes, lost } = profile;
  expect(again).toMatchObject({ startedAt, title, unit, notes, lost });
});

test("it keeps the kernel it was taken on, whatever reads it", () => {
  const elsewhere = { ...info, kernel: "6.12.0" };
  expect(textOf(profileJson(read(json(mixed)), elsewhere, { ticks: 400 }))).toBe(json(mixed));
});

const document = () => JSON.parse(json(mixed));

test.each([
  ["no JSON", () => "{", "is not JSON"],
  ["another tool's", () => '{"nodes":[]}', "is no profile of bpfkit"],
  ["another command's", () => '{"tool":"bpfkit","rows":[]}', "is no profile of bpfkit"],
  [
    "an unknown unit",
    () => ({ ...document(), profile: { ...document().profile, unit: "apples" } }),
    "profile.unit is none of samples, nanoseconds, bytes, count",
  ],
  ["rows that are no list", () => ({ ...document(), rows: {} }), "rows is not a list"],
  [
    "a stack that leads nowhere",
    () => ({ ...document(), rows: [{ label: "", count: 1, stack: [99] }] }),
    "99 is no place in frames",
  ],
  [
    "a negative count",
    () => ({ ...document(), rows: [{ label: "", count: -1, stack: [] }] }),
    "a row's count is not a number from 0 to 2^63",
  ],
  [
    "a frame of no kind",
    () => ({ ...document(), frames: [{ name: "a", kind: "x" }] }),
    "a frame's kind is none of kernel, user, jit, inline, waker, marker",
  ],
  ["a time that is none", () => ({ ...document(), startedAt: "noon" }), "startedAt is not a time"],
  [
    "an address as a number",
    () => ({ ...document(), modules: [{ path: "a", start: 5 }] }),
    'a module\'s start is not an address such as "0x7f00"',
  ],
])("%s is refused", (_what, made, fact) => {
  const value = made();
  const text = typeof value === "string" ? value : JSON.stringify(value);
  expect(() => read(text)).toThrow(`read "a.json": ${fact}`);
});
