import type { Kernel } from "../../../src/bpf/kernel";
import type { CapturedOutput } from "../../../src/output/capture";
import { type Ran, runCommand } from "../run-command";

export { countsBy, rowWith } from "../run-command";

/**
 * Runs `bpfkit syscall-top` with these arguments in this process. `workload` runs once everything is attached; when
 * it is done, so is the run. Our own process counts only with `-p` or `-t`.
 */
export function traced(
  kernel: Kernel,
  args: readonly string[],
  workload: (output: CapturedOutput) => void | Promise<void>,
): Promise<Ran> {
  return runCommand(kernel, ["syscall-top", ...args], workload);
}
