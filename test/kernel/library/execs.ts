/** Runs examples with a workload of a known size. */
import { started } from "../../cli/spawned";
import type { Installation } from "../../unit/library/installed-package";

/** How often the workload does what is counted. */
export const TIMES = 23;

/** What an example printed. Throws unless it ended well. */
export async function printedBy(file: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await started(process.execPath, [file, ...args]).ended;
  if (code !== 0 || stderr !== "") throw new Error(`${file}: ended with ${code}: ${stderr}`);
  return stdout;
}

/** A command that starts a program of this name TIMES times. */
export function starting(installed: Installation, name: string): string[] {
  const program = installed.commandNamed(name, "true");
  return ["sh", "-c", `i=0; while [ $i -lt ${TIMES} ]; do "${program}"; i=$((i + 1)); done`];
}

/** What count-execs says of a name: undefined when it has no line. */
export function countOf(output: string, name: string): number | undefined {
  const line = output.split("\n").find((each) => each.endsWith(` ${name}`));
  return line === undefined ? undefined : Number(line.slice(0, -name.length));
}

/** How many lines of stream-execs are about a name. */
export function linesOf(output: string, name: string): number {
  return output.split("\n").filter((each) => each.endsWith(` ${name}`)).length;
}
