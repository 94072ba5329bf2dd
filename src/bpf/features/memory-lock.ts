/** The limit of locked memory of this process. */
import { readFileSync } from "node:fs";
import { BpfkitError } from "../../core/errors";
import type { MemoryLock } from "../../sys/syscalls";

/** The limits in the text of /proc/PID/limits; −1 is no limit. Undefined when it has none. */
export function parseMemoryLock(limits: string): MemoryLock | undefined {
  const found = /^Max locked memory\s+(\S+)\s+(\S+)/m.exec(limits);
  if (found === null) return undefined;
  const bytes = (text: string) => (text === "unlimited" ? -1n : BigInt(text));
  return { soft: bytes(found[1]!), hard: bytes(found[2]!) };
}

/** The limits of this process. */
export function readMemoryLock(): MemoryLock {
  const limit = parseMemoryLock(readFileSync("/proc/self/limits", "utf8"));
  if (limit === undefined) throw new BpfkitError('read "/proc/self/limits": no line "Max locked memory"');
  return limit;
}
