import { type FeatureName, features } from "../../../src/bpf/features";
import { expectedMissing, kernelAtHand } from "../../guests/expected-features";
import { deniedReason, type KernelTestContext, kernelTest, runningKernel } from "../kernel-test";
import { recordSkip } from "../skip-log";

/**
 * A kernel test that needs features which a probe can tell. It is skipped only where the probe says "missing", and
 * where tests are required only if the table expects that.
 */
export function featureTest(
  needs: readonly FeatureName[],
  name: string,
  run: (context: KernelTestContext) => void | Promise<void>,
): void {
  const lacking =
    deniedReason() === undefined
      ? needs.find((need) => features(runningKernel()).state(need) === "missing")
      : undefined;
  const required = process.env["BPFKIT_REQUIRE_KERNEL"] === "1";
  if (lacking === undefined || (required && !expectedMissing[kernelAtHand()].has(lacking))) {
    kernelTest(needs, name, run);
    return;
  }
  recordSkip({ test: name, reason: `this kernel has no "${lacking}"`, feature: lacking });
  test.skip(name, () => {});
}
