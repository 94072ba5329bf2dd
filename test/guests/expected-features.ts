/**
 * What each kernel that the suites run on is expected to lack, by the names of src/bpf/features; `program:NAME` is
 * a program that the tests make use of, `x86-64` the architecture. Where the kernel tests are required they may be skipped for these only.
 */

/** The kernels of scripts/guests, and the machine that CI runs on. */
export type KernelName = "host" | "5.10" | "6.1" | "6.12" | "6.1-arm64";

/** What the kernel lacks; everything else is expected to be there. */
export const expectedMissing: Readonly<Record<KernelName, ReadonlySet<string>>> = {
  // Linux 6.18 built without kprobes and without ftrace's direct calls.
  host: new Set(["kprobe", "kretprobe", "kprobe-multi", "fentry", "fexit"]),
  // Perf links and cookies came with 5.15, task storage for tracing with 5.11, kprobe.multi with 5.18.
  "5.10": new Set(["perf-link", "attach-cookie", "task-storage", "kprobe-multi", "uprobe-multi"]),
  // uprobe.multi came with 6.6; Debian built this one without CONFIG_FPROBE.
  "6.1": new Set(["kprobe-multi", "uprobe-multi"]),
  "6.12": new Set(),
  // Direct calls on arm64 came with 6.4. Its root folder holds little more than Node.
  "6.1-arm64": new Set([
    "kprobe-multi",
    "uprobe-multi",
    "fentry",
    "fexit",
    "x86-64",
    ...["gcc", "strace", "syscount", "unshare", "script", "python3"].map((name) => `program:${name}`),
  ]),
};

/** The kernel at hand, as the environment of a guest names it. */
export function kernelAtHand(env: NodeJS.ProcessEnv = process.env): KernelName {
  const name = env["BPFKIT_GUEST"] ?? "host";
  if (!Object.hasOwn(expectedMissing, name))
    throw new RangeError(`BPFKIT_GUEST: "${name}" is none of ${Object.keys(expectedMissing).join(", ")}`);
  return name as KernelName;
}
