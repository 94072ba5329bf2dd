/**
 * What the running kernel can do, found out by trying: no version is compared. Answers that cannot change are
 * kept; what was denied or could not be concluded is tried again when asked again.
 */
import { messageOf, PermissionError } from "../../core/errors";
import type { Syscalls } from "../../sys/syscalls";
import { lacking, type Rights, readRights } from "../capabilities";
import type { KernelFacts } from "../facts";
import type { Feature } from "./feature";
import { readMemoryLock } from "./memory-lock";
import type { Outcome } from "./outcome";
import { type FeatureName, featureTable } from "./table";
import { Trial } from "./trial";

export { type FeatureName, featureNames, featureTable } from "./table";

/** "denied": the rights are missing. "inconclusive": it could not be tried, or the answer means nothing. */
export type FeatureState = "available" | "missing" | "denied" | "inconclusive";

/** What trying a feature showed. */
export interface Finding {
  readonly state: FeatureState;
  /** What was seen, for people; empty when there is nothing to add. */
  readonly detail: string;
  /** The capabilities that are missing, when denied. */
  readonly missingRights: readonly string[];
}

/** What has to be there to try anything. */
export interface Probed {
  readonly sys: Syscalls;
  readonly facts: KernelFacts;
}

export type FeatureTable<N extends string> = Readonly<Record<N, Feature>>;

const DEFAULT_RIGHTS: readonly string[] = ["CAP_BPF", "CAP_PERFMON"];

const known = new WeakMap<Syscalls, Features>();

/** The features of this kernel; the same object for the same kernel, so that nothing is tried twice. */
export function features(kernel: Probed): Features {
  let found = known.get(kernel.sys);
  if (found === undefined) {
    found = new Features(kernel, featureTable, readRights());
    known.set(kernel.sys, found);
  }
  return found;
}

/** What one kernel has, each feature tried when it is asked for. */
export class Features<N extends string = FeatureName> {
  private readonly conclusive = new Map<N, Finding>();

  constructor(
    private readonly kernel: Probed,
    private readonly table: FeatureTable<N>,
    private readonly rights: Rights,
  ) {}

  /** Whether the kernel has it. */
  state(name: N): FeatureState {
    return this.finding(name).state;
  }

  /** Whether the kernel has it, and what was seen. Never throws. */
  finding(name: N): Finding {
    const before = this.conclusive.get(name);
    if (before !== undefined) return before;
    const feature = this.table[name];
    const finding = this.judge(feature, this.outcome(name, feature));
    if (finding.state === "available" || finding.state === "missing") this.conclusive.set(name, finding);
    return finding;
  }

  private outcome(name: N, feature: Feature): Outcome {
    const outcome = this.attempt(feature);
    if (outcome.kind !== "refused" || name === "memlock-accounting" || !this.chargesMemory()) return outcome;
    return this.withoutMemoryLimit(() => this.attempt(feature)) ?? outcome;
  }

  private attempt(feature: Feature): Outcome {
    try {
      using trial = new Trial(this.kernel.sys, this.kernel.facts);
      return feature.probe(trial);
    } catch (error) {
      const kind = error instanceof PermissionError ? "refused" : "unclear";
      return { kind, detail: messageOf(error) };
    }
  }

  /** Before Linux 5.11 a lack of lockable memory looks like a lack of rights. */
  private chargesMemory(): boolean {
    return (
      Object.hasOwn(this.table, "memlock-accounting") && this.state("memlock-accounting" as N) === "available"
    );
  }

  private withoutMemoryLimit(attempt: () => Outcome): Outcome | undefined {
    const { sys } = this.kernel;
    const limit = readMemoryLock();
    if (sys.setMemoryLock({ soft: -1n, hard: -1n }) < 0) return undefined;
    try {
      return attempt();
    } finally {
      sys.setMemoryLock(limit);
    }
  }

  private judge(feature: Feature, { kind, detail }: Outcome): Finding {
    switch (kind) {
      case "works":
        return { state: "available", detail, missingRights: [] };
      case "lacks":
        return { state: "missing", detail, missingRights: [] };
      case "unclear":
        return { state: "inconclusive", detail, missingRights: [] };
      case "refused":
        return this.refused(feature, detail);
    }
  }

  /** EPERM with all rights is the kernel's own answer, unless something else in between says no to everything. */
  private refused({ rights = DEFAULT_RIGHTS }: Feature, detail: string): Finding {
    const missingRights = lacking(this.rights, rights);
    if (missingRights.length > 0) {
      return { state: "denied", detail: `${detail}, without ${missingRights.join(" and ")}`, missingRights };
    }
    if (this.rights.userNamespace) {
      const why = "capabilities of a user namespace do not count";
      return { state: "denied", detail: `${detail}: ${why}`, missingRights: [...rights] };
    }
    if (this.refusesAll()) {
      const who = this.rights.seccomp === "none" ? "lockdown or a security module" : "a seccomp filter";
      return {
        state: "denied",
        detail: `${detail} with all capabilities: probably ${who}`,
        missingRights: [],
      };
    }
    const why = "refused by this kernel, with all capabilities";
    return { state: "missing", detail: `${detail}: ${why}`, missingRights: [] };
  }

  /** Whether even what every kernel has is refused. */
  private refusesAll(): boolean {
    return ["array", "socket-filter-program"].some((name) => {
      const feature = (this.table as FeatureTable<string>)[name];
      return feature !== undefined && this.attempt(feature).kind === "refused";
    });
  }
}
