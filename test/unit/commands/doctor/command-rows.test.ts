import type { FeatureName, FeatureState, Finding } from "../../../../src/bpf/features";
import { featureNames } from "../../../../src/bpf/features";
import { commands } from "../../../../src/commands";
import { commandRow } from "../../../../src/commands/doctor/command-rows";
import { featureRows } from "../../../../src/commands/doctor/feature-rows";
import { type CommandNeeds, commandNeeds } from "../../../../src/commands/needs";

const known = { name: "x", summary: "Do x" };
const needs: CommandNeeds = {
  needs: ["hash", "raw-tracepoint"],
  gains: { btf: "no types", batch: "slow", "btf-raw-tracepoint": "no types" },
};
const sudo = (missing: readonly string[], name: string) =>
  missing.length === 0 ? undefined : `sudo bpfkit ${name}`;

/** All is available but for these. */
function findings(states: Partial<Record<FeatureName, FeatureState>>) {
  return (name: FeatureName): Finding => {
    const state = states[name] ?? "available";
    return { state, detail: "d", missingRights: state === "denied" ? ["CAP_BPF"] : [] };
  };
}

test.each<[string, Partial<Record<FeatureName, FeatureState>>, object]>([
  ["all is there", {}, { state: "works", detail: "" }],
  [
    "something is missing that is needed",
    { hash: "missing" },
    { state: "fails", detail: "hash is missing", remedy: "a kernel with hash, which Linux has since 3.19" },
  ],
  ["rights are missing", { hash: "denied" }, { state: "fails", remedy: "sudo bpfkit x" }],
  ["nobody knows", { hash: "inconclusive" }, { state: "inconclusive", detail: "hash is inconclusive" }],
  [
    "something is missing that only a part needs",
    { btf: "missing", "btf-raw-tracepoint": "missing", batch: "missing" },
    { state: "partly", detail: "no types (without btf and btf-raw-tracepoint); slow (without batch)" },
  ],
])("when %s", (_name, states, row) =>
  expect(commandRow(known, needs, findings(states), sudo)).toMatchObject(row),
);

test("what works needs no remedy", () =>
  expect(commandRow(known, needs, findings({}), () => "sudo")).not.toHaveProperty("remedy"));

test("every command says what it needs", () =>
  expect(Object.keys(commandNeeds).sort()).toEqual(commands.map(({ name }) => name).sort()));

describe("feature rows", () => {
  const rowOf = (name: FeatureName, states: Partial<Record<FeatureName, FeatureState>>) =>
    featureRows(findings(states), (missing) => missing.join()).find((row) => row.name === name);

  test("one for each", () =>
    expect(featureRows(findings({}), () => undefined)).toHaveLength(featureNames.length));
  test("denied has a remedy", () =>
    expect(rowOf("hash", { hash: "denied" })).toMatchObject({
      section: "maps",
      state: "denied",
      remedy: "CAP_BPF",
    }));
  test("missing has none", () =>
    expect(rowOf("hash", { hash: "missing" })).toEqual({
      section: "maps",
      name: "hash",
      title: "hash",
      since: "3.19",
      state: "missing",
      detail: "d",
    }));
  test.each([
    ["available", "yes: d"],
    ["missing", "no: d"],
  ] as const)("a property that is %s is neither good nor bad", (state, detail) =>
    expect(rowOf("memlock-accounting", { "memlock-accounting": state })).toMatchObject({
      state: "info",
      detail,
    }),
  );
});
