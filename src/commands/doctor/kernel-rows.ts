/** The kernel itself. Pure over the files. */
import type { KernelFacts } from "../../bpf/facts";
import { containerSigns } from "./container";
import type { Files, Reading } from "./reading";
import type { DoctorRow } from "./row";

const SECURITYFS = "/sys/kernel/security";

type Fact = Omit<DoctorRow, "section">;

/** Release, architecture, what secures it and what confines us. `facts` is undefined where they cannot be had. */
export function kernelRows(
  files: Files,
  facts: Pick<KernelFacts, "release" | "arch" | "possibleCpus" | "pidNamespace"> | undefined,
): DoctorRow[] {
  const rows: Fact[] = [
    info("release", "Linux release", facts?.release ?? "not known"),
    info("architecture", "of this node", facts?.arch ?? "not known"),
    info(
      "possible-cpus",
      "processors there may be",
      facts === undefined ? "not known" : `${facts.possibleCpus}`,
    ),
    lockdownRow(files.read(`${SECURITYFS}/lockdown`)),
    security("security-modules", "security modules (LSM)", files.read(`${SECURITYFS}/lsm`), (text) =>
      text.trim(),
    ),
    info("pid-namespace", "process ids", pidNamespace(facts)),
    info("container", "signs of a container", containerSigns(files).join(", ") || "none"),
  ];
  return rows.map((row) => ({ section: "kernel", ...row }));
}

function info(name: string, title: string, detail: string): Fact {
  return { name, state: "info", title, detail };
}

function pidNamespace(facts: Pick<KernelFacts, "pidNamespace"> | undefined): string {
  if (facts === undefined) return "not known";
  return facts.pidNamespace === undefined ? "the machine's own" : `a namespace (${facts.pidNamespace.inode})`;
}

/** The mode in the text of /sys/kernel/security/lockdown: the word in brackets. */
export function parseLockdown(text: string): string | undefined {
  return /\[(\w+)\]/.exec(text)?.[1];
}

function lockdownRow(reading: Reading): Fact {
  const row = security("lockdown", "kernel lockdown", reading, (text) => parseLockdown(text) ?? text.trim());
  if (row.state !== "info" || row.detail !== "confidentiality") return row;
  // Cannot be lowered while the machine runs.
  const detail = "confidentiality: programs may not read kernel memory";
  return { ...row, detail, remedy: 'start the machine without "lockdown=confidentiality"' };
}

function security(name: string, title: string, reading: Reading, show: (text: string) => string): Fact {
  if (reading.text !== undefined) return info(name, title, show(reading.text));
  const detail = reading.problem === "absent" ? `not known: no file in "${SECURITYFS}"` : reading.message;
  return { name, state: "inconclusive", title, detail };
}
