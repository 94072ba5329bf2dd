import { DistinctStacks } from "../../../../src/probes/stacks/distinct-stacks";
import type { UnwindEnd, UnwoundStack } from "../../../../src/symbols/unwind/unwinder";

const stack = (...pcs: number[]) => ended("complete", ...pcs);

/** As an unwinder gives it: what lies behind the frames is of stacks before. */
function ended(end: UnwindEnd, ...pcs: number[]): UnwoundStack {
  return { pcs: Float64Array.from([...pcs, 99]), length: pcs.length, end };
}

test("the same frames with the same end are one stack", () => {
  const stacks = new DistinctStacks(7n);
  expect(stacks.find(stack(1, 2))).toBeUndefined();
  expect(stacks.add(stack(1, 2))).toBe(7n);
  expect(stacks.find(stack(1, 2))).toBe(7n);
  for (const other of [stack(1), stack(2, 1), stack(1, 2, 3), stack()])
    expect(stacks.find(other)).toBeUndefined();
  expect(stacks.find(ended("truncated", 1, 2))).toBeUndefined();
  expect(stacks.add(ended("truncated", 1, 2))).toBe(8n);
  expect(stacks.size).toBe(2);
  expect(stacks.stack(7n)).toMatchObject({ pcs: BigUint64Array.of(1n, 2n), end: "complete" });
});

test("stacks that share a hash are told apart", () => {
  const stacks = new DistinctStacks(0n);
  // The hash is of the lower halves.
  const pages = Array.from({ length: 1000 }, (_, i) => stack(i * 2 ** 32 + 5, 9));
  const ids = pages.map((each) => stacks.add(each));
  expect(pages.map((each) => stacks.find(each))).toEqual(ids);
});

test("what is kept is a copy, and what is not retained is forgotten", () => {
  const stacks = new DistinctStacks(0n);
  const frames = stack(1, 2, 3);
  const first = stacks.add(frames);
  frames.pcs[0] = 9;
  const second = stacks.add(frames);
  stacks.retain([second, second, 77n]);
  expect(stacks.size).toBe(1);
  expect(stacks.stack(first)).toBeUndefined();
  expect(stacks.find(stack(1, 2, 3))).toBeUndefined();
  expect(stacks.find(stack(9, 2, 3))).toBe(second);
  expect(stacks.add(stack(1, 2, 3))).not.toBe(first);
});

test("many long stacks, and some of them after the others have been forgotten", () => {
  const stacks = new DistinctStacks(0n);
  const long = Array.from({ length: 300 }, (_, i) =>
    stack(...Array.from({ length: 40 }, (_, j) => i * j + i)),
  );
  const ids = long.map((each) => stacks.add(each));
  expect(long.map((each) => stacks.find(each))).toEqual(ids);
  stacks.retain(ids.slice(290));
  expect(long.map((each) => stacks.find(each))).toEqual(ids.map((id, i) => (i < 290 ? undefined : id)));
  expect(stacks.stack(ids[299] as bigint)?.pcs.slice(0, 3)).toEqual(BigUint64Array.of(299n, 598n, 897n));
});
