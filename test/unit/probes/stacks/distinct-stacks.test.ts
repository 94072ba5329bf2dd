import { DistinctStacks } from "../../../../src/probes/stacks/distinct-stacks";

const stack = (...pcs: number[]) => Float64Array.from(pcs);

test("the same frames with the same end are one stack", () => {
  const stacks = new DistinctStacks(7n);
  expect(stacks.find(stack(1, 2), "complete")).toBeUndefined();
  expect(stacks.add(stack(1, 2), "complete")).toBe(7n);
  expect(stacks.find(stack(1, 2), "complete")).toBe(7n);
  for (const other of [stack(1), stack(2, 1), stack(1, 2, 3), stack()])
    expect(stacks.find(other, "complete")).toBeUndefined();
  expect(stacks.find(stack(1, 2), "truncated")).toBeUndefined();
  expect(stacks.add(stack(1, 2), "truncated")).toBe(8n);
  expect(stacks.size).toBe(2);
  expect(stacks.stack(7n)).toMatchObject({ pcs: BigUint64Array.of(1n, 2n), end: "complete" });
});

test("stacks that share a hash are told apart", () => {
  const stacks = new DistinctStacks(0n);
  // The hash is of the lower halves.
  const pages = Array.from({ length: 1000 }, (_, i) => stack(i * 2 ** 32 + 5, 9));
  const ids = pages.map((each) => stacks.add(each, "complete"));
  expect(pages.map((each) => stacks.find(each, "complete"))).toEqual(ids);
});

test("what is kept is a copy, and what is not retained is forgotten", () => {
  const stacks = new DistinctStacks(0n);
  const frames = stack(1, 2, 3);
  const first = stacks.add(frames, "complete");
  frames[0] = 9;
  const second = stacks.add(frames, "complete");
  stacks.retain([second, second, 77n]);
  expect(stacks.size).toBe(1);
  expect(stacks.stack(first)).toBeUndefined();
  expect(stacks.find(stack(1, 2, 3), "complete")).toBeUndefined();
  expect(stacks.find(stack(9, 2, 3), "complete")).toBe(second);
  expect(stacks.add(stack(1, 2, 3), "complete")).not.toBe(first);
});
