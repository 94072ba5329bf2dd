import { callTree } from "../../../../src/output/stacks/call-tree";
import { flamePicture, type PictureLimits } from "../../../../src/output/stacks/picture";
import type { Profile } from "../../../../src/output/stacks/profile";
import { deep, empty, info, mixed, profileOf } from "./sample";

const unlimited = { boxes: 1000, depth: 1000 };
const picture = (profile: Profile, limits: PictureLimits = unlimited) =>
  flamePicture(profile, callTree(profile), info, limits);
const boxes = (profile: Profile, limits?: PictureLimits) =>
  picture(profile, limits).boxes.map(({ name, depth, start, total }) => `${name} ${depth} ${start}+${total}`);

test("a box begins where its parent does, or where its elder sibling ends", () => {
  expect(boxes(mixed)).toEqual([
    "all 0 0+10",
    "[idle] 1 0+2",
    "do_idle 2 0+2",
    "shop 1 2+8",
    "main 2 2+8",
    "load 3 2+1",
    "vfs_read 4 2+1",
    "pay 3 3+5",
    "add 4 3+2",
    "render page.js:7 3 8+2",
  ]);
});

test("details: share, weight, own share, where it comes from", () => {
  const details = new Map(picture(mixed).boxes.map((box) => [box.name, box.details]));
  expect(details.get("pay")).toBe("50.0 %, 5 samples, self 30.0 %, /usr/bin/shop");
  expect(details.get("load")).toBe("10.0 %, 1 sample, /usr/bin/shop");
  expect(details.get("render page.js:7")).toBe("20.0 %, 2 samples, self 20.0 %, /srv/page.js:7");
});

test("what is above the picture, and under it", () => {
  const { title, subtitle, legend, notes, origin } = picture({
    ...mixed,
    notes: ["no names"],
    lost: { stacksFull: 3 },
  });
  expect([title, subtitle, origin]).toEqual([
    "CPU time",
    "10 samples, 100 Hz, 2s, 2026-11-21T10:00:00.000Z",
    "bpfkit 0.1.0 stack-profile",
  ]);
  expect(legend.map((entry) => entry.title)).toEqual(["process", "user", "kernel", "JIT", "inlined"]);
  expect(notes).toEqual(["no names", "Lost: 3 (stacks full 3)."]);
});

test("a kind has its colours, and a name always the same", () => {
  const colors = (names: readonly string[]) =>
    picture(profileOf(names.map((name) => ({ frames: [name], weight: 1 })))).boxes.map(({ color }) => color);
  expect(colors(["f1", "f2"])[1]).toBe(colors(["a", "f1"])[2]);
  expect(colors(["f1", "f2"])[1]).not.toBe(colors(["f1", "f2"])[2]);
  for (const { color } of picture(mixed).boxes) expect(color).toMatch(/^#[0-9a-f]{6}$/);
});

test("running and waiting can be told apart", () => {
  const state = (name: string) => ({ frames: ["f", { name, kind: "marker" as const }], weight: 1 });
  const { legend, boxes } = picture(profileOf([state("[running]"), state("[sleeping]"), state("[blocked]")]));
  expect(legend.map(({ title }) => title)).toEqual(["user", "on CPU", "no function"]);
  const color = new Map(boxes.map((box) => [box.name, box.color]));
  expect(color.get("[running]")).toBe(legend[1]!.color);
  expect(color.get("[sleeping]")).not.toBe(legend[1]!.color);
});

test("too many boxes: the heaviest stay, each with its callers, and the rest is mentioned", () => {
  expect(boxes(mixed, { boxes: 5, depth: 9 })).toEqual([
    "all 0 0+10",
    "[idle] 1 0+2",
    "shop 1 2+8",
    "main 2 2+8",
    "pay 3 3+5",
  ]);
  expect(picture(mixed, { boxes: 5, depth: 9 }).notes[0]).toBe(
    "5 boxes are not drawn: the lightest ones, or too deep.",
  );
});

test("too deep: the outermost stay", () => {
  const { boxes, depth, notes } = picture(deep(10_000), { boxes: 20_000, depth: 1000 });
  expect([boxes.length, depth]).toEqual([1001, 1000]);
  expect(notes[0]).toBe("9000 boxes are not drawn: the lightest ones, or too deep.");
});

test("nothing", () => {
  expect(boxes(empty)).toEqual(["all 0 0+0"]);
  expect(picture(empty).boxes[0]!.details).toBe("0.0 %, 0 samples");
});

test.each([
  ["nanoseconds", 1_500_000_000, "1.5s"],
  ["bytes", 65_536, "64K"],
  ["count", 1_234_567, "1,234,567"],
  ["samples", 1234, "1,234 samples"],
] as const)("a weight in %s", (unit, weight, text) => {
  const { subtitle } = picture(profileOf([{ frames: ["f"], weight }], { unit, periodNs: undefined }));
  expect(subtitle.split(", 2s")[0]).toBe(text);
});
