/** By which mechanisms the kernel at hand reaches functions. */

import type { KernelFacts } from "../../bpf/facts";
import { type FeatureName, type FeatureState, features } from "../../bpf/features";
import type { Kernel } from "../../bpf/kernel";
import type { FunctionVia } from "../../probes/calls/function-ways";
import type { Reach, Use } from "./choose-ways";

/** What a mechanism takes: for the entry, and for the return. */
const NEEDS: Readonly<Record<FunctionVia, readonly FeatureName[]>> = {
  fentry: ["fentry", "fexit"],
  "kprobe-multi": ["kprobe-multi", "attach-cookie"],
  kprobe: ["kprobe"],
  "uprobe-multi": ["uprobe-multi", "attach-cookie"],
  uprobe: ["uprobe"],
};

/** What is left when all else is missing: where rights are missing too, attaching tells of them. */
const PLAIN: readonly FunctionVia[] = ["kprobe", "uprobe"];

/** Tries features of the kernel, each once, when it is asked for. */
export function kernelReach(
  forced: FunctionVia | undefined,
  kernel: () => Kernel,
  facts: KernelFacts,
): Reach {
  const known = new Map<FunctionVia, boolean>();
  const has = (via: FunctionVia): boolean => {
    const isThere =
      known.get(via) ?? NEEDS[via].every((name) => isUsable(features(kernel()).state(name), via));
    known.set(via, isThere);
    return isThere;
  };
  return {
    forced,
    lacks: (via, use) => (has(via) ? unfitFor(via, use, facts) : "this kernel has none"),
  };
}

function isUsable(state: FeatureState, via: FunctionVia): boolean {
  return PLAIN.includes(via) ? state !== "missing" : state === "available";
}

/** Whatever kernel it may be: the plainest mechanisms, or those asked for. */
export function plainReach(forced: FunctionVia | undefined): Reach {
  return {
    forced,
    lacks: (via) => (PLAIN.includes(via) || via === forced ? undefined : "is not looked for with --dump"),
  };
}

/** What goes wrong with a mechanism that is there. */
function unfitFor(via: FunctionVia, { paired, pid }: Use, facts: KernelFacts): string | undefined {
  // Since then fprobe returns through the function graph tracer, whose registers have another stack pointer.
  if (via === "kprobe-multi" && paired && facts.isAtLeast(6, 14))
    return "since Linux 6.14 its returns do not tell which call they belong to";
  // Commit 46ba0e49b642 of Linux: until then a process id meant its first thread.
  if (via === "uprobe-multi" && pid !== undefined && !facts.isAtLeast(6, 10))
    return "before Linux 6.10 it misses the other threads of a process";
  return undefined;
}
