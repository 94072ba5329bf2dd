/** `--pidns` and `--mntns`: processes in the namespaces of one process. */
import { UsageError } from "../../core/errors";
import type { OptionSpecs } from "../command";
import { parsePids } from "../filter-options";
import type { Machine } from "../machine";

const group = "Filters";

const LINKS = { pidns: "pid", mntns: "mnt" } as const;

export const namespaceOptions = {
  pidns: {
    flags: "--pidns <pid>",
    help: "processes in the PID namespace of this one only",
    parse: (text: string, machine: Machine) => namespaceOf("pidns", text, machine),
    group,
  },
  mntns: {
    flags: "--mntns <pid>",
    help: "processes in the mount namespace of this one only",
    parse: (text: string, machine: Machine) => namespaceOf("mntns", text, machine),
    group,
  },
} as const satisfies OptionSpecs;

/** The inode of the namespace. Throws a UsageError where there is no such process, or its namespaces may not be seen. */
function namespaceOf(option: keyof typeof LINKS, text: string, machine: Machine): number {
  if (!/^\d{1,10}$/.test(text)) throw new UsageError(`${option}: "${text}" is not the number of a process`);
  const [pid = 0] = parsePids(text, machine, option);
  const found = machine.namespaceOf(pid, LINKS[option]);
  if (found !== undefined) return found;
  throw new UsageError(`${option}: the namespaces of process ${pid} may not be seen`, {
    hint: "that takes its user's rights, or CAP_SYS_PTRACE",
  });
}
