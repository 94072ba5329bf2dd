import fc from "fast-check";
import { callTree } from "../../../../src/output/stacks/call-tree";
import { type Profile, totalWeight } from "../../../../src/output/stacks/profile";
import { ProfileBuilder } from "../../../../src/output/stacks/profile-builder";
import { type Counted, deep, empty, facts, mixed, profileOf, program, shop, user } from "./sample";

/** Each node as "depth name self/total". */
function lines(profile: Profile): string[] {
  const { length, depth, label, labels, self, total } = callTree(profile);
  return Array.from(
    { length },
    (_, node) => `${depth[node]} ${labels[label[node]!]!.name} ${self[node]}/${total[node]}`,
  );
}

test("stacks share their beginnings; siblings are in the order of their names", () => {
  expect(lines(mixed)).toEqual([
    "0 all 0/10",
    "1 [idle] 0/2",
    "2 do_idle 2/2",
    "1 shop 0/8",
    "2 main 0/8",
    "3 load 0/1",
    "4 vfs_read 1/1",
    "3 pay 3/5",
    "4 add 2/2",
    "3 render page.js:7 2/2",
  ]);
});

test("a thousand functions called from one place are in the order of their names", () => {
  const names = Array.from({ length: 1009 }, (_, at) => `f${(at * 7) % 1009}`);
  const found = lines(profileOf(names.map((name) => ({ frames: ["main", name], weight: 1 }))));
  expect(found.slice(2)).toEqual([...names].sort().map((name) => `2 ${name} 1/1`));
});

test("frames of one function at several addresses are one node", () => {
  const stacks = [user("pay", 1n), user("pay", 2n)].map((frame) => ({ frames: [frame], weight: 3 }));
  expect(lines(profileOf(stacks))).toEqual(["0 all 0/6", "1 pay 6/6"]);
});

test("functions of one name in two files are two", () => {
  const other = { ...user("pay"), module: { ...program, path: "/usr/bin/other" } };
  expect(
    lines(profileOf([user("pay"), other].map((frame) => ({ frames: [frame], weight: 1 })))),
  ).toHaveLength(3);
});

test("groups that are called the same are one", () => {
  const stacks = [1, 2].map((pid) => ({ group: { label: "sh", pid }, frames: ["main"], weight: pid }));
  expect(lines(profileOf(stacks))).toEqual(["0 all 0/3", "1 sh 0/3", "2 main 3/3"]);
});

test("a stack that several groups have stands under each of them", () => {
  const stacks = ["a", "b"].map((label) => ({ group: { label }, frames: ["main", "work"], weight: 5 }));
  expect(lines(profileOf(stacks)).slice(1)).toEqual(
    ["a", "b"].flatMap((label) => [`1 ${label} 0/5`, "2 main 0/5", "3 work 5/5"]),
  );
});

test("samples without a frame weigh in their group, or in the root", () => {
  const stacks = [
    { frames: [], weight: 2 },
    { group: shop, frames: [], weight: 3 },
  ];
  expect(lines(profileOf(stacks))).toEqual(["0 all 2/5", "1 shop 3/3"]);
});

test("an empty profile is a root", () => expect(lines(empty)).toEqual(["0 all 0/0"]));

test("ten thousand frames deep", () => {
  const tree = callTree(deep(10_000));
  expect([tree.length, tree.depth.at(-1), tree.self.at(-1), tree.total[0]]).toEqual([10_001, 10_000, 7, 7]);
});

const stack = fc.record({
  frames: fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 6 }),
  weight: fc.integer({ min: 1, max: 1000 }),
  group: fc.constantFrom({ label: "" }, { label: "a" }, { label: "x" }),
});

test("nothing is lost, and the order of adding does not matter", () => {
  fc.assert(
    fc.property(fc.array(stack, { maxLength: 40 }), (stacks: Counted[]) => {
      const profile = profileOf(stacks);
      const tree = callTree(profile);
      expect(tree.self.reduce((sum, weight) => sum + weight, 0)).toBe(totalWeight(profile));
      expect(tree.total[0]).toBe(totalWeight(profile));
      expect(lines(profileOf([...stacks].reverse()))).toEqual(lines(profile));
    }),
  );
});

test("a builder goes on after a profile was built", () => {
  const builder = new ProfileBuilder();
  const group = builder.group(shop);
  const first = builder.stack([builder.frame(user("main"))]);
  builder.add(group, first, 2);
  const before = builder.build(facts);
  builder.add(group, builder.call(first, builder.frame(user("pay"))), 3);
  expect(lines(before)).toEqual(["0 all 0/2", "1 shop 0/2", "2 main 2/2"]);
  expect(lines(builder.build(facts))).toEqual(["0 all 0/5", "1 shop 0/5", "2 main 2/5", "3 pay 3/3"]);
});
