/** Which commands will work. Pure. */
import { type FeatureName, type Finding, featureTable } from "../../bpf/features";
import type { CommandNeeds } from "../needs";
import type { DoctorRow } from "./row";

/** A command by its name and summary. */
export interface Known {
  readonly name: string;
  readonly summary: string;
}

/** The row of a command. */
export function commandRow(
  { name, summary }: Known,
  { needs, gains }: CommandNeeds,
  findingOf: (feature: FeatureName) => Finding,
  remedyOf: (missingRights: readonly string[], command: string) => string | undefined,
): DoctorRow {
  const absent = (feature: FeatureName) => findingOf(feature).state !== "available";
  const failing = needs.filter(absent);
  const partial = (Object.keys(gains) as FeatureName[]).filter(absent);
  const rights = new Set([...failing, ...partial].flatMap((feature) => findingOf(feature).missingRights));
  const remedy = remedyOf([...rights], name) ?? failing.map(newerKernel)[0];
  const row = { section: "commands", name, title: summary } as const;
  const mend = remedy === undefined || failing.length + partial.length === 0 ? {} : { remedy };
  if (failing.length > 0) {
    // What cannot be tried may still work.
    const state = failing.every((feature) => findingOf(feature).state === "inconclusive")
      ? "inconclusive"
      : "fails";
    return {
      ...row,
      state,
      detail: failing.map((feature) => `${feature} is ${findingOf(feature).state}`).join(", "),
      ...mend,
    };
  }
  if (partial.length === 0) return { ...row, state: "works", detail: "" };
  const losses = new Map<string, FeatureName[]>();
  for (const feature of partial) {
    const loss = gains[feature] as string;
    losses.set(loss, [...(losses.get(loss) ?? []), feature]);
  }
  const detail = [...losses]
    .map(([loss, without]) => `${loss} (without ${without.join(" and ")})`)
    .join("; ");
  return { ...row, state: "partly", detail, ...mend };
}

function newerKernel(feature: FeatureName): string {
  return `a kernel with ${featureTable[feature].title}, which Linux has since ${featureTable[feature].since}`;
}
