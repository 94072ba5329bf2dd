import { readFacts } from "./bpf/facts";
import { Kernel } from "./bpf/kernel";
import { openLinux } from "./sys/linux";

/**
 * Opens the running kernel. It holds nothing open itself, so there is nothing to dispose; rights are needed only
 * when something is loaded. Throws a NotSupportedError on anything but Linux on x86-64 and arm64.
 *
 *     using session = Session.open(openKernel(), { maps: [counts], programs: [onExec] });
 */
export function openKernel(): Kernel {
  return new Kernel(openLinux(), readFacts());
}
