import { comparison, diffPicture, foldedDiff, functionChanges } from "../../../../src/output/stacks/diff";
import { changeColor } from "../../../../src/output/stacks/frame-colors";
import type { Profile } from "../../../../src/output/stacks/profile";
import { readProfile } from "../../../../src/output/stacks/read-profile";
import { empty, info, mixed, profileOf, shop, textOf, user } from "./sample";

const folded = (text: string) => readProfile(Buffer.from(text), "/tmp/before.folded");
const before = folded("shop;main;hot_[k] 10\nshop;main;gone 30\n");
const after = profileOf([
  { group: shop, frames: [user("main"), { name: "hot", kind: "kernel" }], weight: 15 },
  { group: shop, frames: [user("main"), user("new")], weight: 5 },
]);
const limits = { boxes: 1000, depth: 1000 };
const box = (name: string, ...profiles: [Profile, Profile]) =>
  diffPicture(...profiles, info, limits).boxes.find((each) => each.name === name);

test("every stack of either, with the weight before and after", () => {
  expect(textOf(foldedDiff(before, after))).toBe(
    "shop;main;gone 30 0\nshop;main;hot 10 15\nshop;main;new 0 5\n",
  );
});

test("shares are compared, not weights", () => {
  expect(box("hot", before, after)?.details).toBe("75.0 %, 15 samples, before 25.0 % (+50.0)");
  expect(box("main", before, after)?.details).toBe("100.0 %, 20 samples, before 100.0 % (+0.0)");
});

test("red has grown, blue has shrunk, the largest change most", () => {
  const [first, second] = [folded("a 3\nb 1\n"), folded("a 1\nb 3\n")];
  expect([box("a", first, second)?.color, box("b", first, second)?.color]).toEqual([
    changeColor(-1),
    changeColor(1),
  ]);
  expect(box("all", first, second)?.color).toBe(changeColor(0));
});

test("what is gone has no box, but is mentioned", () => {
  expect(box("gone", before, after)).toBeUndefined();
  expect(diffPicture(before, after, info, limits).notes).toEqual([
    "75.0 % of before is in stacks that are gone: not drawn.",
    "Lost: nothing.",
  ]);
});

test("the heading names both", () => {
  expect(diffPicture(before, after, info, limits).subtitle).toBe(
    "20 samples, 100 Hz, 2s, 2026-11-21T10:00:00.000Z; compared with 40 samples of before.folded",
  );
});

test("functions by the change of their own share", () => {
  expect(functionChanges(comparison(before, after))).toEqual([
    { name: "gone", selfBefore: 0.75, selfAfter: 0, totalBefore: 0.75, totalAfter: 0 },
    { name: "hot", selfBefore: 0.25, selfAfter: 0.75, totalBefore: 0.25, totalAfter: 0.75 },
    { name: "new", selfBefore: 0, selfAfter: 0.25, totalBefore: 0, totalAfter: 0.25 },
    { name: "main", selfBefore: 0, selfAfter: 0, totalBefore: 1, totalAfter: 1 },
    { name: "shop", selfBefore: 0, selfAfter: 0, totalBefore: 1, totalAfter: 1 },
  ]);
});

test("a profile compared with itself has not changed", () => {
  const { boxes, notes } = diffPicture(mixed, mixed, info, limits);
  expect(new Set(boxes.map(({ color }) => color))).toEqual(new Set([changeColor(0)]));
  expect(notes).toEqual(["Lost: nothing."]);
});

test.each([
  ["before", empty, mixed],
  ["after", mixed, empty],
])("nothing %s", (_when, first, second) => {
  expect(
    diffPicture(first, second, info, limits).boxes.every(({ details }) => !details.includes("NaN")),
  ).toBe(true);
  expect(textOf(foldedDiff(first, second)).split("\n")).toHaveLength(6);
});
