import type { Kernel } from "../../../src/bpf/kernel";
import { type Ran, type Row, rowWith, runCommand, type Work } from "../run-command";

export { countsBy } from "../run-command";

/** Runs `bpfkit proc-count ARGS`: with a list of words as `-- COMMAND`, with a function until that is done. */
export function counted(kernel: Kernel, args: readonly string[], work: Work, format = "json"): Promise<Ran> {
  return runCommand(kernel, ["proc-count", ...args], work, format);
}

/** The only row with this value. */
export function rowOf(rows: readonly Row[], column: string, value: Row[string]): Row {
  return rowWith(rows, { [column]: value });
}
