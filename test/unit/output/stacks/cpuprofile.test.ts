import { cpuProfile } from "../../../../src/output/stacks/cpuprofile";
import type { Profile } from "../../../../src/output/stacks/profile";
import { deep, empty, mixed, profileOf, textOf } from "./sample";

interface Node {
  readonly id: number;
  readonly callFrame: { functionName: string; scriptId: string; url: string; lineNumber: number };
  readonly hitCount: number;
  readonly children?: readonly number[];
}
interface Document {
  readonly nodes: readonly Node[];
  readonly startTime: number;
  readonly endTime: number;
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

const document = (profile: Profile): Document => JSON.parse(textOf(cpuProfile(profile)));
const sum = (numbers: readonly number[]) => numbers.reduce((all, each) => all + each, 0);

/** The time of each function: a sample lasts until the next one. */
function times({ nodes, samples, timeDeltas }: Document): Record<string, number> {
  const name = new Map(nodes.map(({ id, callFrame }) => [id, callFrame.functionName]));
  const found: Record<string, number> = {};
  samples.slice(0, -1).forEach((node, at) => {
    const key = name.get(node)!;
    found[key] = (found[key] ?? 0) + timeDeltas[at + 1]!;
  });
  return found;
}

test.each([
  ["of every kind", mixed],
  ["without samples", empty],
  ["ten thousand frames deep", deep(10_000)],
])("in a profile %s all sums agree", (_what, profile) => {
  const { nodes, samples, timeDeltas, startTime, endTime } = document(profile);
  expect(timeDeltas).toHaveLength(samples.length);
  expect(startTime + sum(timeDeltas)).toBe(endTime);
  expect(sum(nodes.map(({ hitCount }) => hitCount))).toBe(sum([...profile.samples.count]));
  const ids = nodes.map(({ id }) => id);
  expect(nodes.flatMap(({ children = [] }) => children).sort((a, b) => a - b)).toEqual(ids.slice(1));
  for (const sample of samples) expect(ids).toContain(sample);
});

test("a sample stands for its period", () => {
  expect(times(document(mixed))).toEqual({
    pay: 30_000,
    add: 20_000,
    render: 20_000,
    vfs_read: 10_000,
    do_idle: 20_000,
  });
});

test("waits are as long as they were", () => {
  const waits = profileOf([{ frames: ["wait"], weight: 7_000_000, count: 3 }], { unit: "nanoseconds" });
  expect(times(document(waits))).toEqual({ wait: 7000 });
  expect(document(waits).nodes[1]!.hitCount).toBe(3);
});

test("scripts have URLs and lines from 0, other code the file it is in", () => {
  const frame = (name: string) =>
    document(mixed).nodes.find((node) => node.callFrame.functionName === name)!.callFrame;
  expect(frame("render")).toMatchObject({ url: "file:///srv/page.js", lineNumber: 6 });
  expect(frame("main")).toMatchObject({ url: "/usr/bin/shop", lineNumber: -1 });
  expect(frame("(root)")).toMatchObject({ url: "", scriptId: "0" });
});
