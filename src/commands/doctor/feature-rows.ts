/** What was found out about the kernel's features. Pure. */
import { type FeatureName, type Finding, featureNames, featureTable } from "../../bpf/features";
import type { Feature } from "../../bpf/features/feature";
import type { DoctorRow } from "./row";

/** A row for each feature. `remedyOf` tells how to get rights that are missing. */
export function featureRows(
  findingOf: (name: FeatureName) => Finding,
  remedyOf: (missingRights: readonly string[]) => string | undefined,
): DoctorRow[] {
  return featureNames.map((name) => {
    const feature: Feature = featureTable[name];
    const { state, detail, missingRights } = findingOf(name);
    const { group: section, title, since } = feature;
    const row = { section, name, title, since };
    if (feature.property === true && (state === "available" || state === "missing"))
      return { ...row, state: "info", detail: `${state === "available" ? "yes" : "no"}: ${detail}` };
    const remedy = missingRights.length === 0 ? undefined : remedyOf(missingRights);
    return { ...row, state, detail, ...(remedy === undefined ? {} : { remedy }) };
  });
}
