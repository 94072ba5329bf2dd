/** Stacks at functions of the kernel. */
import { kernelTest } from "../kernel-test";
import { countOf, profiled, through } from "./profiled";

const NEEDS = ["perf-event", "btf", "btf-raw-tracepoint", "ring-buffer"];
const DD = ["dd", "if=/dev/zero", "of=/dev/null", "bs=7", "count=101", "status=none"];

for (const feature of ["fentry", "kprobe"])
  kernelTest([...NEEDS, feature], `--on a function of the kernel, where there is ${feature}`, async () => {
    const { stacks } = await profiled("--on", "vfs_read", "--weight", "arg3", "-K", "--", ...DD);
    const reads = through(stacks, "ksys_read", "vfs_read");
    expect(countOf(reads)).toBeGreaterThanOrEqual(101);
    expect(new Set(stacks.map(({ names }) => names.at(-1)))).toEqual(new Set(["vfs_read"]));
  });
