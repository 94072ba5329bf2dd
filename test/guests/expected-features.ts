/**
 * What each kernel that the suites run on is expected to lack, by the names of src/bpf/features. `program:NAME` is a
 * program that the tests make use of, `x86-64` the architecture. Where the kernel tests are required they may be
 * skipped for these only.
 */

/** The kernels of scripts/guests, and the machine that CI runs on. */
export type KernelName = "host" | "5.10" | "6.1" | "6.12" | "6.1-arm64";

/** What the kernel lacks; everything else is expected to be there. */
export const expectedMissing: Readonly<Record<KernelName, ReadonlySet<string>>> = {
  // Linux 6.18 in a virtual machine, built without kprobes, modules and ftrace's direct calls.
  host: new Set([
    ...["kprobe", "kretprobe", "kprobe-multi", "fentry", "fexit", "module-btf"],
    ...["hardware-counters", "memlock-accounting"],
  ]),
  // Task storage for tracing came with 5.11, atomics that fetch with 5.12, function addresses with 5.13, perf
  // links and cookies with 5.15, bloom filters with 5.16, bpf_loop with 5.17.
  "5.10": new Set([
    ...["perf-link", "attach-cookie", "kprobe-multi", "uprobe-multi"],
    ...["task-storage", "bloom-filter"],
    ...["fetch-atomics", "isa-v4", "function-address", "loop", "current-task-btf"],
    "hardware-counters",
  ]),
  // Debian built this one without CONFIG_FPROBE; uprobe.multi and version 4 of the instruction set came with 6.6.
  "6.1": new Set(["kprobe-multi", "uprobe-multi", "isa-v4", "hardware-counters", "memlock-accounting"]),
  "6.12": new Set(["hardware-counters", "memlock-accounting"]),
  // Direct calls on arm64 came with 6.4. Its root folder holds little more than Node.
  "6.1-arm64": new Set([
    ...["kprobe-multi", "uprobe-multi", "fentry", "fexit", "isa-v4", "memlock-accounting", "x86-64"],
    ...["gcc", "strace", "syscount", "unshare", "script", "setpriv"].map((name) => `program:${name}`),
  ]),
};

/** The kernel at hand, as the environment of a guest names it. */
export function kernelAtHand(env: NodeJS.ProcessEnv = process.env): KernelName {
  const name = env["BPFKIT_GUEST"] ?? "host";
  if (!Object.hasOwn(expectedMissing, name))
    throw new RangeError(`BPFKIT_GUEST: "${name}" is none of ${Object.keys(expectedMissing).join(", ")}`);
  return name as KernelName;
}
