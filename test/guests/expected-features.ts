/**
 * What each kernel that the suites run on is expected to lack, by the names of src/bpf/features. `program:NAME` is a
 * program that the tests make use of, `asm:NAME` what only the assembler's tests use, `x86-64` the architecture. Where the kernel tests are required they may be
 * skipped for these only.
 */

/** The kernels of scripts/guests, and the machine that CI runs on. */
export type KernelName = "host" | "5.10" | "6.1" | "6.12" | "6.1-arm64";

/** What the kernel lacks; everything else has to be there. `features.test.ts` holds the kernels against it. */
export const expectedMissing: Readonly<Record<KernelName, ReadonlySet<string>>> = {
  // Linux 6.18 in a virtual machine, built without kprobes, modules and ftrace's direct calls.
  host: new Set([
    ...["kprobe", "kretprobe", "kprobe-multi", "fentry", "fexit", "module-btf"],
    ...["hardware-counters", "memlock-accounting", "asm:variable"],
  ]),
  // BTF of modules and task storage for tracing came with 5.11, atomics that fetch with 5.12, maps by index with
  // 5.14, function addresses, perf links and cookies with 5.15, bloom filters with 5.16, bpf_loop with 5.17.
  "5.10": new Set([
    ...["module-btf", "perf-link", "attach-cookie", "kprobe-multi", "uprobe-multi", "hardware-counters"],
    ...["task-storage", "bloom-filter", "ancestor-cgroup-id"],
    ...["fetch-atomics", "isa-v4", "function-address", "loop"],
    ...["asm:comm", "asm:kfunc", "asm:address", "asm:variable", "asm:map-array"],
  ]),
  // Debian built this one without CONFIG_FPROBE; uprobe.multi and version 4 of the instruction set came with 6.6.
  "6.1": new Set([
    ...["kprobe-multi", "uprobe-multi", "hardware-counters", "isa-v4", "memlock-accounting"],
    ...["asm:comm", "asm:kfunc", "asm:address"],
  ]),
  "6.12": new Set(["hardware-counters", "memlock-accounting", "asm:comm"]),
  // Direct calls on arm64 came with 6.4. This board's processor has hardware counters.
  "6.1-arm64": new Set([
    ...["kprobe-multi", "uprobe-multi", "fentry", "fexit", "isa-v4", "memlock-accounting", "x86-64"],
    ...["asm:comm", "asm:kfunc", "asm:address", "asm:variable", "program:perf", "program:ip"],
  ]),
};

/** The kernel at hand, as the environment of a guest names it. */
export function kernelAtHand(env: NodeJS.ProcessEnv = process.env): KernelName {
  const name = env["BPFKIT_GUEST"] ?? "host";
  if (!Object.hasOwn(expectedMissing, name))
    throw new RangeError(`BPFKIT_GUEST: "${name}" is none of ${Object.keys(expectedMissing).join(", ")}`);
  return name as KernelName;
}
