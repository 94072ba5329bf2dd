/** Every feature on the kernel at hand is there, or is missing, exactly as the table says. */
import { type FeatureName, featureNames, features } from "../../src/bpf/features";
import { bpfkit } from "../cli/built-bpfkit";
import { kernelTest } from "../kernel/kernel-test";
import { expectedMissing, kernelAtHand } from "./expected-features";

const name = kernelAtHand();
const lacks = expectedMissing[name];
// A machine of a user's may have any kernel: only where the tests are required it is one of the table's.
const known = name !== "host" || process.env["BPFKIT_REQUIRE_KERNEL"] === "1";
const expected = Object.fromEntries(
  featureNames.map((feature) => [feature, lacks.has(feature) ? "missing" : "available"]),
);

/** What the table says of names that no feature has. */
const NO_FEATURE = /^(program:[\w-]+|asm:[\w-]+|x86-64)$/;

test("the table knows no other names", () => {
  const names = Object.values(expectedMissing).flatMap((missing) => [...missing]);
  const strange = names.filter((entry) => !(featureNames as readonly string[]).includes(entry));
  expect(strange.filter((entry) => !NO_FEATURE.test(entry))).toEqual([]);
});

if (known) {
  kernelTest([], `kernel "${name}" has what the table says, no more and no less`, ({ kernel }) => {
    const found = features(kernel);
    const states = Object.fromEntries(featureNames.map((feature) => [feature, found.state(feature)]));
    expect(states).toEqual(expected);
  });

  kernelTest([], `doctor reports that of kernel "${name}"`, async () => {
    const { code, stderr, stdout } = await bpfkit("doctor", "--json");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const rows = JSON.parse(stdout).rows as { name: string; state: string; detail: string }[];
    const reported = rows
      .filter((row): row is typeof row & { name: FeatureName } => row.name in expected)
      // A property that is neither good nor bad has no state: its detail starts with yes or no.
      .map(({ name, state, detail }) => [
        name,
        state !== "info" ? state : detail.startsWith("yes") ? "available" : "missing",
      ]);
    expect(reported.length).toBe(featureNames.length);
    expect(Object.fromEntries(reported)).toEqual(expected);
  });
}
