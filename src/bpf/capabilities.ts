/** What this process may do: capabilities, and what limits them. Pure, apart from `readRights`. */
import { readFileSync } from "node:fs";

/** Capabilities by their bit in /proc/PID/status. Source: include/uapi/linux/capability.h */
const NAMES = [
  "CAP_CHOWN",
  "CAP_DAC_OVERRIDE",
  "CAP_DAC_READ_SEARCH",
  "CAP_FOWNER",
  "CAP_FSETID",
  "CAP_KILL",
  "CAP_SETGID",
  "CAP_SETUID",
  "CAP_SETPCAP",
  "CAP_LINUX_IMMUTABLE",
  "CAP_NET_BIND_SERVICE",
  "CAP_NET_BROADCAST",
  "CAP_NET_ADMIN",
  "CAP_NET_RAW",
  "CAP_IPC_LOCK",
  "CAP_IPC_OWNER",
  "CAP_SYS_MODULE",
  "CAP_SYS_RAWIO",
  "CAP_SYS_CHROOT",
  "CAP_SYS_PTRACE",
  "CAP_SYS_PACCT",
  "CAP_SYS_ADMIN",
  "CAP_SYS_BOOT",
  "CAP_SYS_NICE",
  "CAP_SYS_RESOURCE",
  "CAP_SYS_TIME",
  "CAP_SYS_TTY_CONFIG",
  "CAP_MKNOD",
  "CAP_LEASE",
  "CAP_AUDIT_WRITE",
  "CAP_AUDIT_CONTROL",
  "CAP_SETFCAP",
  "CAP_MAC_OVERRIDE",
  "CAP_MAC_ADMIN",
  "CAP_SYSLOG",
  "CAP_WAKE_ALARM",
  "CAP_BLOCK_SUSPEND",
  "CAP_AUDIT_READ",
  "CAP_PERFMON",
  "CAP_BPF",
  "CAP_CHECKPOINT_RESTORE",
] as const;

/** What every command that loads programs needs. */
export const NEEDED = ["CAP_PERFMON", "CAP_BPF"];

/** CAP_SYS_ADMIN was split up into these and others: it still stands for each of them here. */
const OF_SYS_ADMIN = ["CAP_PERFMON", "CAP_BPF", "CAP_NET_ADMIN"];

/** What the kernel lets a process do. */
export interface Rights {
  /** The effective user id. */
  readonly uid: number;
  /** The names of the effective capabilities, in the order of their numbers. */
  readonly capabilities: readonly string[];
  /** The names of the others. */
  readonly absent: readonly string[];
  /** True inside a user namespace: BPF asks for capabilities outside of it. */
  readonly userNamespace: boolean;
  readonly seccomp: "none" | "strict" | "filter";
  readonly noNewPrivileges: boolean;
}

/** The rights of a process with this /proc/PID/status and /proc/PID/uid_map. */
export function parseRights(status: string, uidMap: string): Rights {
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? "0"}`);
  const has = (_name: string, bit: number) => ((effective >> BigInt(bit)) & 1n) === 1n;
  const mode = /^Seccomp:\s*(\d+)/m.exec(status)?.[1];
  return {
    uid: Number(/^Uid:\s*\d+\s+(\d+)/m.exec(status)?.[1] ?? -1),
    capabilities: NAMES.filter(has),
    absent: NAMES.filter((name, bit) => !has(name, bit)),
    // The first namespace maps all ids to themselves.
    userNamespace: uidMap.trim() !== "" && !/^\s*0\s+0\s+4294967295\s*$/.test(uidMap),
    seccomp: mode === "1" ? "strict" : mode === "2" ? "filter" : "none",
    noNewPrivileges: /^NoNewPrivs:\s*1/m.test(status),
  };
}

/** The rights of this process. */
export function readRights(): Rights {
  const read = (name: string) => readFileSync(`/proc/self/${name}`, "utf8");
  return parseRights(read("status"), read("uid_map"));
}

/** Which of the capabilities in `needed` are not there. */
export function lacking({ capabilities }: Pick<Rights, "capabilities">, needed: readonly string[]): string[] {
  const has = (name: string) =>
    capabilities.includes(name) || (OF_SYS_ADMIN.includes(name) && capabilities.includes("CAP_SYS_ADMIN"));
  return needed.filter((name) => !has(name));
}

/** Which needed capabilities a process with this /proc/PID/status lacks. CAP_SYS_ADMIN stands for all. */
export function missingCapabilities(status: string): string[] {
  return lacking(parseRights(status, ""), NEEDED);
}

/** Gives node the capabilities, so that no root is needed. */
export function setcapLine(capabilities: readonly string[] = NEEDED): string {
  const names = capabilities.map((name) => name.toLowerCase()).sort();
  return `sudo setcap ${names.join(",")}+ep "$(readlink -f "$(command -v node)")"`;
}

/** What to do about an EPERM, given what is missing. */
export function permissionHint(missing: readonly string[]): string {
  if (missing.length === 0)
    return "the capabilities are there, so something else refuses: a container's seccomp filter, lockdown or an LSM; bpfkit doctor tells more";
  const verb = missing.length === 1 ? "is" : "are";
  return [
    `${missing.join(" and ")} ${verb} missing; run it as root: sudo bpfkit …`,
    `or give them to node once: ${setcapLine()}`,
  ].join("\n");
}
