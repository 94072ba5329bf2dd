/** The capabilities bpfkit needs, by their bit in /proc/PID/status. Source: include/uapi/linux/capability.h */
const NEEDED = [
  { name: "CAP_PERFMON", bit: 38 },
  { name: "CAP_BPF", bit: 39 },
] as const;
const CAP_SYS_ADMIN = 21;

/** Which needed capabilities a process with this /proc/PID/status lacks. CAP_SYS_ADMIN stands for all. */
export function missingCapabilities(status: string): string[] {
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? "0"}`);
  const has = (bit: number) => ((effective >> BigInt(bit)) & 1n) === 1n;
  if (has(CAP_SYS_ADMIN)) return [];
  return NEEDED.filter(({ bit }) => !has(bit)).map(({ name }) => name);
}

/** What to do about an EPERM, given what is missing. */
export function permissionHint(missing: readonly string[]): string {
  if (missing.length === 0)
    return "the capabilities are there, so something else refuses: a container's seccomp filter, lockdown or an LSM; bpfkit doctor tells more";
  const verb = missing.length === 1 ? "is" : "are";
  return [
    `${missing.join(" and ")} ${verb} missing; run it as root: sudo bpfkit …`,
    'or give them to node once: sudo setcap cap_bpf,cap_perfmon+ep "$(readlink -f "$(command -v node)")"',
  ].join("\n");
}
