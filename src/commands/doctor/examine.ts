/** Looks at everything. Whatever cannot be found out becomes a row that says so. */
import { lacking, NEEDED, parseRights, type Rights } from "../../bpf/capabilities";
import type { KernelFacts } from "../../bpf/facts";
import { type FeatureName, type Finding, features } from "../../bpf/features";
import type { Kernel } from "../../bpf/kernel";
import { messageOf } from "../../core/errors";
import { commands } from "../index";
import { commandNeeds } from "../needs";
import { commandRow } from "./command-rows";
import { featureRows } from "./feature-rows";
import { kernelRows } from "./kernel-rows";
import { mountRows } from "./mount-rows";
import { type Files, textOf } from "./reading";
import { rightsRemedy, rightsRows } from "./rights-rows";
import type { DoctorRow } from "./row";
import { sysctlRows } from "./sysctl-rows";

/** What doctor looks at. The functions may throw. */
export interface Patient {
  readonly files: Files;
  facts(): KernelFacts;
  kernel(): Pick<Kernel, "sys" | "facts">;
}

/** All rows, section by section. Never throws. */
export function examine({ files, facts, kernel }: Patient): DoctorRow[] {
  const rights = parseRights(textOf(files, "/proc/self/status"), textOf(files, "/proc/self/uid_map"));
  const lacks = lacking(rights, NEEDED);
  const line = asRoot(rights);
  const findingOf = finder(kernel);
  const remedyOf = (missing: readonly string[], command: string) => rightsRemedy(rights, missing, command);
  return [
    ...kernelRows(files, attempt(facts)),
    ...rightsRows(rights, lacks, textOf(files, "/proc/self/limits")),
    ...mountRows(textOf(files, "/proc/self/mountinfo"), line),
    ...sysctlRows(files, line),
    ...featureRows(findingOf, (missing) => rightsRemedy(rights, missing, "…")),
    ...commands.map((command) =>
      commandRow(command, commandNeeds[command.name] ?? { needs: [], gains: {} }, findingOf, remedyOf),
    ),
  ];
}

/** A line for who can become root, or is. */
function asRoot({ uid }: Pick<Rights, "uid">): (line: string) => string {
  return (line) => (uid === 0 ? line : `sudo ${line}`);
}

/** Each feature is tried once, also when its answer is not conclusive: the rows shall agree with each other. */
function finder(kernel: Patient["kernel"]): (name: FeatureName) => Finding {
  const found = new Map<FeatureName, Finding>();
  let ask: (name: FeatureName) => Finding;
  try {
    const probed = features(kernel());
    ask = (name) => probed.finding(name);
  } catch (error) {
    const detail = messageOf(error);
    ask = () => ({ state: "inconclusive", detail, missingRights: [] });
  }
  return (name) => {
    const finding = found.get(name) ?? ask(name);
    found.set(name, finding);
    return finding;
  };
}

function attempt<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch {
    return undefined;
  }
}
