import { callTree } from "../../../../src/output/stacks/call-tree";
import type { Profile } from "../../../../src/output/stacks/profile";
import { treeText } from "../../../../src/output/stacks/tree-text";
import { deep, empty, mixed, profileOf, textOf } from "./sample";

const options = { width: 60, ascii: false, minShare: 0 };
const tree = (profile: Profile, changed: Partial<typeof options> = {}) =>
  textOf(treeText(callTree(profile), { ...options, ...changed }));

test("forks are drawn, the heaviest first; chains stay in their column", () => {
  expect(tree(mixed)).toMatchInlineSnapshot(`
"TOTAL% SELF%  FUNCTION
 100.0    0.0  all
  80.0    0.0  ├─ shop
  80.0    0.0  │  main
  50.0   30.0  │  ├─ pay
  20.0   20.0  │  │  add
  20.0   20.0  │  ├─ render page.js:7
  10.0    0.0  │  └─ load
  10.0   10.0  │     vfs_read
  20.0    0.0  └─ [idle]
  20.0   20.0     do_idle
"
`);
});

test("ASCII, where nothing else can be shown", () => {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  expect(tree(mixed, { ascii: true })).toMatch(/^[\x00-\x7f]+$/);
});

test("light branches are summed up, a single one keeps its name", () => {
  const stacks = [90, 4, 3, 3].map((weight, at) => ({ frames: ["main", `f${at}`, "end"], weight }));
  expect(tree(profileOf(stacks), { minShare: 0.05 })).toMatchInlineSnapshot(`
"TOTAL% SELF%  FUNCTION
 100.0    0.0  all
 100.0    0.0  main
  90.0    0.0  ├─ f0
  90.0   90.0  │  end
  10.0    0.0  └─ (3 smaller ones)
"
`);
  expect(tree(profileOf(stacks.slice(0, 2)), { minShare: 0.05 })).toContain("4.3    0.0  └─ f1\n");
});

test("no line is wider than it may be, however deep the forks", () => {
  const frames = Array.from({ length: 300 }, (_, at) => `function_number_${at}`);
  const stacks = frames.map((_, at) => ({ frames: frames.slice(0, at + 1).concat("leaf"), weight: 1 }));
  const lines = tree(profileOf(stacks)).split("\n");
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(60);
  expect(lines.some((line) => line.includes("function_number_299"))).toBe(true);
});

test("ten thousand frames deep", () => expect(tree(deep(10_000)).split("\n")).toHaveLength(10_003));

test("nothing", () => expect(tree(empty)).toBe("TOTAL% SELF%  FUNCTION\n     -      -  all\n"));
