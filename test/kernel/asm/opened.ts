import { readFacts } from "../../../src/bpf/facts";
import { Kernel } from "../../../src/bpf/kernel";
import { openLinux } from "../../../src/sys/linux";

let opened: Kernel | undefined;

/** The kernel, opened once. */
export function kernel(): Kernel {
  opened ??= new Kernel(openLinux(), readFacts());
  return opened;
}
