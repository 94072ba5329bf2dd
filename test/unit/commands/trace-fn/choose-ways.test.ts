import { chooseWays, type Reach } from "../../../../src/commands/trace-fn/choose-ways";
import type { Skipped, Unnumbered } from "../../../../src/commands/trace-fn/resolve";
import type { FunctionSite } from "../../../../src/probes/calls/function-calls";
import {
  type FunctionVia,
  fentryWay,
  kprobeMultiWay,
  kprobeWay,
  uprobeMultiWay,
  uprobeWay,
} from "../../../../src/probes/calls/function-ways";

type Candidate = Unnumbered<FunctionSite>;

const common = { params: [], hidden: [], result: undefined, failsByErrno: true, timed: true } as const;
const shown = { params: [], result: undefined, returnOnly: false } as const;

const ofKernel = (name: string, typed = true): Candidate => ({
  ...{ name, ...common },
  unfit: typed ? [] : [{ via: "fentry", reason: "its type is not known" }],
  place: {
    ...shown,
    memory: "kernel",
    ways: [...(typed ? [fentryWay(name, undefined, 3)] : []), kprobeMultiWay(name), kprobeWay(name)],
  },
});

const ofUser = (name: string): Candidate => {
  const place = { name, path: "/lib/libc.so.6", offset: 4096, pid: undefined };
  return {
    ...{ name, ...common },
    place: { ...shown, memory: "user", ways: [uprobeMultiWay(place, false), uprobeWay(place, false)] },
  };
};

const reach = (forced: FunctionVia | undefined, ...missing: FunctionVia[]): Reach => ({
  forced,
  lacks: (via) => (missing.includes(via) ? "is missing" : undefined),
});

const USE = { paired: false, nested: false, pid: undefined };

const many = Array.from({ length: 17 }, (_, i) => ofKernel(`vfs_${i}`));

test.each<[what: string, functions: Candidate[], reach: Reach, first: string[]]>([
  ["all of a kernel function", [ofKernel("f")], reach(undefined), ["fentry", "kprobe-multi", "kprobe"]],
  ["those that there are", [ofKernel("f")], reach(undefined, "fentry", "kprobe-multi"), ["kprobe"]],
  ["those that its types allow", [ofKernel("f", false)], reach(undefined), ["kprobe-multi", "kprobe"]],
  ["the quick ones for many", many, reach(undefined), ["kprobe-multi", "kprobe"]],
  ["one by one where nothing is quick", many, reach(undefined, "kprobe-multi"), ["fentry", "kprobe"]],
  ["the one asked for, for many too", many, reach("fentry"), ["fentry"]],
  ["all of a user function", [ofUser("f")], reach(undefined), ["uprobe-multi", "uprobe"]],
  ["all where another kind is asked for", [ofUser("f")], reach("kprobe"), ["uprobe-multi", "uprobe"]],
  ["the user's asked for", [ofUser("f")], reach("uprobe"), ["uprobe"]],
])("the ways taken: %s", (_what, functions, kernel, expected) => {
  const skipped: Skipped[] = [];
  const chosen = chooseWays(functions, kernel, USE, skipped);
  expect(skipped).toEqual([]);
  expect(chosen).toHaveLength(functions.length);
  for (const { place } of chosen) expect(place.ways.map(({ via }) => via)).toEqual(expected);
});

test("what tells frames apart in the same way for all, where calls nest", () => {
  const viaOf = (kernel: Reach) =>
    chooseWays([ofKernel("f")], kernel, { ...USE, nested: true }, []).flatMap(({ place }) =>
      place.ways.map(({ via }) => via),
    );
  expect(viaOf(reach(undefined))).toEqual(["kprobe-multi", "kprobe"]);
  expect(viaOf(reach(undefined, "kprobe-multi", "kprobe"))).toEqual(["fentry"]);
  expect(viaOf(reach("fentry"))).toEqual(["fentry"]);
});

test("a function that nothing reaches is left out, with all reasons", () => {
  const skipped: Skipped[] = [];
  const all = [ofKernel("typed"), ofKernel("untyped", false), ofUser("f")];
  const kernel = reach(undefined, "fentry", "kprobe-multi", "kprobe");
  const chosen = chooseWays(all, kernel, USE, skipped);
  expect(chosen.map(({ name }) => name)).toEqual(["f"]);
  expect(skipped).toEqual([
    {
      name: "typed",
      reason: "fentry: is missing; kprobe-multi: is missing; kprobe: is missing",
      unsupported: true,
    },
    {
      name: "untyped",
      reason: "fentry: its type is not known; kprobe-multi: is missing; kprobe: is missing",
      unsupported: true,
    },
  ]);
});

test("by one way only, the reason is that way's", () => {
  const skipped: Skipped[] = [];
  chooseWays([ofKernel("f", false)], reach("fentry"), USE, skipped);
  expect(skipped).toEqual([{ name: "f", reason: "fentry: its type is not known", unsupported: true }]);
});
