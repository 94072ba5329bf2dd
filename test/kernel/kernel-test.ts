/** Tests that need the rights and the features of a real kernel. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { mov } from "../../src/asm/alu";
import { helper } from "../../src/asm/helper-ids";
import { call, exit } from "../../src/asm/jump";
import { r0 } from "../../src/asm/register";
import { readFacts } from "../../src/bpf/facts";
import { type FeatureName, featureNames, features } from "../../src/bpf/features";
import { Kernel } from "../../src/bpf/kernel";
import { messageOf, PermissionError } from "../../src/core/errors";
import { openLinux } from "../../src/sys/linux";
import { expectedMissing, kernelAtHand } from "../guests/expected-features";
import { leakedFds, openKernelFds } from "./open-fds";
import { recordSkip } from "./skip-log";
import { type Circumstances, type State, type Verdict, verdictFor } from "./skip-rules";

/** What a kernel test is given. */
export interface KernelTestContext {
  readonly kernel: Kernel;
}

let opened: Kernel | undefined;

/** The running kernel, opened once per test file. */
export function runningKernel(): Kernel {
  opened ??= new Kernel(openLinux(), readFacts());
  return opened;
}

let rights: { readonly denied: string | undefined } | undefined;

/** Why BPF programs may not be loaded here; undefined when they may. Asks the kernel, not the user id. */
export function deniedReason(): string | undefined {
  rights ??= { denied: askForRights() };
  return rights.denied;
}

function askForRights(): string | undefined {
  try {
    const hook = { kind: "raw-tracepoint", name: "sys_enter" } as const;
    const code = [call(helper.ktimeGetNs), mov(r0, 0), exit()];
    runningKernel()
      .load({ name: "rights", hook, code }, () => -1)
      [Symbol.dispose]();
    return undefined;
  } catch (error) {
    // Whatever else is wrong, the tests themselves shall say.
    return error instanceof PermissionError ? `no rights: ${messageOf(error)}` : undefined;
  }
}

/** What decides about skips on the kernel at hand. */
export const circumstances: Circumstances = {
  get denied() {
    return deniedReason();
  },
  required: process.env["BPFKIT_REQUIRE_KERNEL"] === "1",
  kernel: kernelAtHand(),
  expectedMissing: expectedMissing[kernelAtHand()],
  stateOf(need) {
    if (need.startsWith(PROGRAM)) return programState(need.slice(PROGRAM.length));
    if (need.startsWith(MODULE)) return moduleState(need.slice(MODULE.length));
    if (need === "x86-64") return process.arch === "x64" ? "available" : "missing";
    return featureState(need);
  },
};

/** Asks the kernel. A name that no feature has is a fault of the test. */
function featureState(name: string): State {
  if (!(featureNames as readonly string[]).includes(name))
    throw new RangeError(`kernelTest: no feature "${name}"`);
  const state = features(runningKernel()).state(name as FeatureName);
  return state === "inconclusive" ? "unknown" : state;
}

const PROGRAM = "program:";

/** Whether a program stands in a folder of PATH, or where the system's programs are. */
function programState(name: string): State {
  const folders = `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`.split(":");
  return folders.some((folder) => existsSync(join(folder, name))) ? "available" : "missing";
}

const MODULE = "module:";

/** Whether a module is loaded and describes its types. */
function moduleState(name: string): State {
  return existsSync(join("/sys/kernel/btf", name)) ? "available" : "missing";
}

/**
 * A test on the real kernel that needs these features of it, programs of the machine as `program:NAME`, and modules
 * as `module:NAME`. Whether it runs, `verdictFor` decides; each skip is recorded with its reason. Jest cannot skip a test that runs already, so
 * all of this is found out while the file is read. A test that leaves objects of the kernel open fails.
 */
export function kernelTest(
  features: readonly string[],
  name: string,
  run: (context: KernelTestContext) => void | Promise<void>,
): void {
  testIf(verdictFor(features, circumstances), name, run);
}

/** A kernel test about which it has been decided. */
export function testIf(
  verdict: Verdict,
  name: string,
  run: (context: KernelTestContext) => void | Promise<void>,
): void {
  switch (verdict.kind) {
    case "skip":
      recordSkip({ test: name, reason: verdict.reason, feature: verdict.feature });
      test.skip(name, () => {});
      return;
    case "fail":
      test(name, () => {
        throw new Error(verdict.reason);
      });
      return;
    case "run":
      test(name, async () => {
        const before = openKernelFds();
        await run({ kernel: runningKernel() });
        expect(leakedFds(before)).toEqual([]);
      });
  }
}
