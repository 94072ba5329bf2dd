/** What a feature of the kernel is: a name, and a probe that tries it. */
import type { Outcome } from "./outcome";
import type { Trial } from "./trial";

/** The heading a feature stands under. */
export type FeatureGroup = "btf" | "maps" | "programs" | "hooks" | "instructions" | "helpers" | "others";

export interface Feature {
  /** In words, for people. */
  readonly title: string;
  readonly group: FeatureGroup;
  /** The Linux release that brought it: for documentation and messages, never to decide. */
  readonly since: string;
  /** The capabilities it takes, where CAP_BPF and CAP_PERFMON are not enough or too many. */
  readonly rights?: readonly string[];
  /** True for a property that is neither good nor bad: "missing" then means that it does not apply. */
  readonly property?: boolean;
  /** Tries it. Whatever it opens belongs to the trial, which closes it. */
  probe(trial: Trial): Outcome;
}
