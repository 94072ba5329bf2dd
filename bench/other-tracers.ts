/** Whoever else traces system calls on this machine: their programs cost every call too. */
import { readdirSync, readFileSync } from "node:fs";
import { descriptors } from "./attached-programs";

/** The processes but these that hold a link to the entry or exit of system calls. */
export function otherTracers(except: readonly number[] = []): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => !except.includes(pid) && tracesSyscalls(pid));
}

/** Name and id of a process, such as `syscount(42)`. */
export function describeProcess(pid: number): string {
  return `${commOf(pid)}(${pid})`;
}

function tracesSyscalls(pid: number): boolean {
  try {
    return descriptors(pid).some(({ info }) => /^sys_(enter|exit)$/.test(info.get("tp_name") ?? ""));
  } catch {
    return false; // gone meanwhile
  }
}

function commOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, "utf8").trim();
  } catch {
    return "?";
  }
}
