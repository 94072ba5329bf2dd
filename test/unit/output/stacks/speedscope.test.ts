import type { Profile } from "../../../../src/output/stacks/profile";
import { speedscopeJson } from "../../../../src/output/stacks/speedscope";
import { deep, empty, info, mixed, profileOf, textOf } from "./sample";

interface Sampled {
  readonly type: string;
  readonly name: string;
  readonly unit: string;
  readonly startValue: number;
  readonly endValue: number;
  readonly samples: readonly (readonly number[])[];
  readonly weights: readonly number[];
}
interface Document {
  readonly $schema: string;
  readonly name: string;
  readonly exporter: string;
  readonly activeProfileIndex: number;
  readonly shared: { readonly frames: readonly { name: string; file?: string; line?: number }[] };
  readonly profiles: readonly Sampled[];
}

const document = (profile: Profile): Document => JSON.parse(textOf(speedscopeJson(profile, info)));

/** What speedscope's file format demands of a file. */
function check({ $schema, shared, profiles, activeProfileIndex }: Document): void {
  expect($schema).toBe("https://www.speedscope.app/file-format-schema.json");
  expect(profiles[activeProfileIndex]).toBeDefined();
  for (const { type, unit, startValue, endValue, samples, weights } of profiles) {
    expect(type).toBe("sampled");
    expect(["none", "nanoseconds", "microseconds", "milliseconds", "seconds", "bytes"]).toContain(unit);
    expect(weights).toHaveLength(samples.length);
    expect(weights.reduce((sum, weight) => sum + weight, startValue)).toBe(endValue);
    for (const frame of samples.flat()) expect(shared.frames[frame]?.name).toEqual(expect.any(String));
  }
}

test.each([
  ["of every kind", mixed],
  ["without samples", empty],
  ["ten thousand frames deep", deep(10_000)],
])("a profile %s is a file as speedscope wants it", (_what, profile) => check(document(profile)));

test("a profile for each group, the heaviest first; frames with the places they come from", () => {
  const { name, exporter, shared, profiles } = document(mixed);
  expect([name, exporter]).toEqual(["CPU time", "bpfkit@0.1.0"]);
  expect(profiles.map((each) => [each.name, each.unit, each.endValue])).toEqual([
    ["shop", "none", 8],
    ["[idle]", "none", 2],
  ]);
  const stacks = profiles[0]!.samples.map((stack) =>
    stack.map((frame) => shared.frames[frame]!.name).join(";"),
  );
  expect(stacks).toEqual(["main;pay", "main;pay;add", "main;render", "main;load;vfs_read"]);
  expect(profiles[0]!.weights).toEqual([3, 2, 2, 1]);
  expect(shared.frames).toContainEqual({ name: "render", file: "/srv/page.js", line: 7 });
  expect(shared.frames).toContainEqual({ name: "vfs_read", file: "[kernel]" });
});

test("equal beginnings stand together, whatever the order of the samples", () => {
  const stacks = ["ab", "cd", "ae", "cf", "a"].map((path) => ({ frames: [...path], weight: 1 }));
  const { shared, profiles } = document(profileOf(stacks));
  const roots = profiles[0]!.samples.map(([root]) => shared.frames[root!]!.name);
  expect(roots).toEqual(["a", "a", "a", "c", "c"]);
});

test("time is nanoseconds", () => {
  const waits = profileOf([{ frames: ["a"], weight: 1500, count: 2 }], { unit: "nanoseconds" });
  expect(document(waits).profiles[0]).toMatchObject({ unit: "nanoseconds", endValue: 1500, weights: [1500] });
});
