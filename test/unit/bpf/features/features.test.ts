import type { Rights } from "../../../../src/bpf/capabilities";
import type { KernelFacts } from "../../../../src/bpf/facts";
import { Features, type FeatureTable, featureNames, featureTable } from "../../../../src/bpf/features";
import type { Feature } from "../../../../src/bpf/features/feature";
import { lacks, type Outcome, outcomeOf, unclear, works } from "../../../../src/bpf/features/outcome";
import { errno } from "../../../../src/core/errno";
import type { Syscalls } from "../../../../src/sys/syscalls";

const rooted: Rights = {
  uid: 0,
  capabilities: ["CAP_BPF", "CAP_PERFMON", "CAP_SYS_ADMIN"],
  absent: [],
  userNamespace: false,
  seccomp: "none",
  noNewPrivileges: false,
};
const nobody: Rights = { ...rooted, uid: 65534, capabilities: [] };
const facts = {} as KernelFacts;
const EPERM = outcomeOf("bpf(X)", -errno.EPERM);

function feature(probe: Feature["probe"], more: Partial<Feature> = {}): Feature {
  return { title: "x", group: "others", since: "9.9", probe, ...more };
}

/** Features whose probes answer as given, one answer after the other. */
function featuresOf(
  answers: Readonly<Record<string, readonly Outcome[]>>,
  rights = rooted,
  sys = {} as Syscalls,
) {
  const asked: string[] = [];
  const table: FeatureTable<string> = Object.fromEntries(
    Object.entries(answers).map(([name, outcomes]) => {
      const left = [...outcomes];
      return [
        name,
        feature(() => {
          asked.push(name);
          return left.length > 1 ? left.shift()! : left[0]!;
        }),
      ];
    }),
  );
  return { features: new Features({ sys, facts }, table, rights), asked };
}

test.each<[string, Outcome, Rights, string, string]>([
  ["works", works("yes"), rooted, "available", "yes"],
  ["lacks", lacks("no such PMU"), rooted, "missing", "no such PMU"],
  ["unclear", unclear("bpf(X): ENOMEM"), rooted, "inconclusive", "bpf(X): ENOMEM"],
  ["refused without rights", EPERM, nobody, "denied", "bpf(X): EPERM, without CAP_BPF and CAP_PERFMON"],
  [
    "refused with all rights",
    EPERM,
    rooted,
    "missing",
    "bpf(X): EPERM: refused by this kernel, with all capabilities",
  ],
  [
    "refused in a user namespace",
    EPERM,
    { ...rooted, userNamespace: true },
    "denied",
    "bpf(X): EPERM: capabilities of a user namespace do not count",
  ],
])("%s", (_name, outcome, rights, state, detail) => {
  const { features } = featuresOf({ x: [outcome] }, rights);
  expect(features.finding("x")).toMatchObject({ state, detail });
});

test.each([
  ["none", "bpf(X): EPERM with all capabilities: probably lockdown or a security module"],
  ["filter", "bpf(X): EPERM with all capabilities: probably a seccomp filter"],
] as const)("where everything is refused, with seccomp %s, the kernel is not to blame", (seccomp, detail) => {
  const { features } = featuresOf({ x: [EPERM], array: [EPERM] }, { ...rooted, seccomp });
  expect(features.finding("x")).toEqual({ state: "denied", detail, missingRights: [] });
});

test("denied names the rights that the feature itself takes", () => {
  const table = { x: feature(() => EPERM, { rights: ["CAP_NET_ADMIN"] }) };
  const rights = { ...rooted, capabilities: ["CAP_BPF", "CAP_PERFMON"] };
  const features = new Features({ sys: {} as Syscalls, facts }, table, rights);
  expect(features.finding("x")).toMatchObject({ state: "denied", missingRights: ["CAP_NET_ADMIN"] });
});

test.each<[string, Outcome[], string[], number]>([
  ["available is kept", [works(), lacks("")], ["available", "available"], 1],
  ["missing is kept", [lacks(""), works()], ["missing", "missing"], 1],
  ["inconclusive is asked again", [unclear("EMFILE"), works()], ["inconclusive", "available"], 2],
])("%s", (_name, outcomes, states, times) => {
  const { features, asked } = featuresOf({ x: outcomes });
  expect([features.state("x"), features.state("x")]).toEqual(states);
  expect(asked).toHaveLength(times);
});

test("denied is asked again", () => {
  const { features, asked } = featuresOf({ x: [EPERM, works()] }, nobody);
  expect([features.state("x"), features.state("x")]).toEqual(["denied", "available"]);
  expect(asked).toEqual(["x", "x"]);
});

test("a probe that throws is inconclusive", () => {
  const table = {
    x: feature(() => {
      throw new RangeError("of course not");
    }),
  };
  const features = new Features({ sys: {} as Syscalls, facts }, table, rooted);
  expect(features.finding("x")).toMatchObject({ state: "inconclusive", detail: "of course not" });
});

test("what a probe opens is closed", () => {
  const closed: number[] = [];
  const sys = {
    bpf: () => 7,
    close: (fd: number) => {
      closed.push(fd);
      return 0;
    },
  } as unknown as Syscalls;
  const features = new Features({ sys, facts }, { hash: featureTable.hash }, rooted);
  expect(features.state("hash")).toBe("available");
  expect(closed).toEqual([7]);
});

describe("where memory is charged to RLIMIT_MEMLOCK", () => {
  const limits: unknown[] = [];
  const sys = {
    setMemoryLock: (limit: unknown) => {
      limits.push(limit);
      return 0;
    },
  } as unknown as Syscalls;
  beforeEach(() => limits.splice(0));

  test("a refusal is tried again without the limit, which is put back", () => {
    const { features } = featuresOf({ x: [EPERM, works()], "memlock-accounting": [works()] }, rooted, sys);
    expect(features.state("x")).toBe("available");
    expect(limits).toEqual([{ soft: -1n, hard: -1n }, expect.objectContaining({ soft: expect.any(BigInt) })]);
  });
  test("but not elsewhere", () => {
    const { features } = featuresOf({ x: [EPERM, works()], "memlock-accounting": [lacks("")] }, rooted, sys);
    expect(features.state("x")).toBe("missing");
    expect(limits).toEqual([]);
  });
});

describe("the table", () => {
  test.each(featureNames)("%s has a kebab-case name, a title and a release", (name) => {
    const { title, since } = featureTable[name];
    expect(name).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
    expect(title.length).toBeGreaterThan(3);
    expect(since).toMatch(/^\d+\.\d+/);
  });
  test("titles fit beside names and states in 80 columns, or nearly", () => {
    expect(featureNames.filter((name) => featureTable[name].title.length > 60)).toEqual([]);
  });
});
