import { callTree } from "../../../../src/output/stacks/call-tree";
import { functionTotals } from "../../../../src/output/stacks/functions";
import type { Profile } from "../../../../src/output/stacks/profile";
import { empty, mixed, profileOf } from "./sample";

const totals = (profile: Profile) =>
  functionTotals(callTree(profile)).map(({ function: { name }, self, total }) => [name, self, total]);

test("by themselves and with all they call, the largest first; groups are no functions", () => {
  expect(totals(mixed)).toEqual([
    ["pay", 3, 5],
    ["add", 2, 2],
    ["do_idle", 2, 2],
    ["render page.js:7", 2, 2],
    ["vfs_read", 1, 1],
    ["main", 0, 8],
    ["load", 0, 1],
  ]);
});

test("recursion does not count twice, not even through another function", () => {
  const stacks = [
    { frames: ["f", "f", "g", "f"], weight: 5 },
    { frames: ["g", "f"], weight: 2 },
  ];
  expect(totals(profileOf(stacks))).toEqual([
    ["f", 7, 7],
    ["g", 0, 7],
  ]);
});

test("a function that returns and is called again by its caller counts each time", () => {
  const stacks = [
    { frames: ["a", "f", "x"], weight: 3 },
    { frames: ["a", "g", "f"], weight: 4 },
  ];
  expect(totals(profileOf(stacks)).find(([name]) => name === "f")).toEqual(["f", 4, 7]);
});

test("nothing has no functions", () => expect(totals(empty)).toEqual([]));
