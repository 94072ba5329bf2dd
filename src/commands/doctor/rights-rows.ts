/** What this process may do, and what to do about what it may not. Pure. */
import { NEEDED, type Rights, setcapLine } from "../../bpf/capabilities";
import { parseMemoryLock } from "../../bpf/features/memory-lock";
import type { DoctorRow } from "./row";

/** The rows about rights. `lacking` names the capabilities that BPF needs and that are missing. */
export function rightsRows(rights: Rights, lacking: readonly string[], limits: string): DoctorRow[] {
  const { seccomp, noNewPrivileges, userNamespace } = rights;
  const remedy = rightsRemedy(rights, lacking, "…");
  const row = (name: string, title: string, detail: string): DoctorRow => ({
    section: "rights",
    name,
    state: "info",
    title,
    detail,
  });
  return [
    row("user", "effective user id", String(rights.uid)),
    row("capabilities", "effective capabilities", capabilityText(rights)),
    {
      ...row(
        "bpf-capabilities",
        NEEDED.join(" and "),
        lacking.length === 0 ? `${NEEDED.join(" and ")} are there` : `without ${lacking.join(" and ")}`,
      ),
      state: lacking.length === 0 && !userNamespace ? "available" : "denied",
      ...(remedy === undefined ? {} : { remedy }),
    },
    row("user-namespace", "user ids", userNamespace ? "of a user namespace" : "the machine's own"),
    row("seccomp", "system call filter", seccomp),
    row(
      "no-new-privileges",
      "sudo and setcap",
      noNewPrivileges ? "set: neither sudo nor setcap has an effect" : "not set",
    ),
    row("memlock", "RLIMIT_MEMLOCK", memoryLockText(limits)),
  ];
}

/** The names, or what is missing where that is shorter. */
export function capabilityText({ capabilities, absent }: Pick<Rights, "capabilities" | "absent">): string {
  if (capabilities.length === 0) return "none";
  if (absent.length === 0) return `all ${capabilities.length}`;
  return absent.length < 6 ? `all but ${absent.join(", ")}` : capabilities.join(", ");
}

function memoryLockText(limits: string): string {
  const limit = parseMemoryLock(limits);
  if (limit === undefined) return "not known";
  const text = (bytes: bigint) => (bytes < 0n ? "unlimited" : `${bytes} bytes`);
  return limit.soft === limit.hard ? text(limit.soft) : `${text(limit.soft)}, at most ${text(limit.hard)}`;
}

/** How to get the rights that are missing, for `bpfkit COMMAND`; undefined when nothing is missing. */
export function rightsRemedy(
  rights: Rights,
  lacking: readonly string[],
  command: string,
): string | undefined {
  if (rights.userNamespace) return `outside of this user namespace, as root: bpfkit ${command}`;
  if (lacking.length === 0) return undefined;
  if (rights.uid === 0) {
    const flags = lacking.map((name) => `--cap-add ${name.replace(/^CAP_/, "")}`).join(" ");
    return `start the container with them: docker run ${flags} …`;
  }
  const how = `sudo bpfkit ${command}`;
  if (rights.noNewPrivileges) return `in a session without no_new_privs: ${how}`;
  return `${how}\n${setcapLine(lacking)}`;
}
