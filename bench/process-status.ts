import { readFileSync } from "node:fs";

/** USER_HZ: what /proc counts processor time in, on every architecture but alpha. */
const TICKS_PER_SECOND = 100;

/** Seconds of processor time that all threads of a process have taken: proc(5), /proc/PID/stat. */
export function cpuSecondsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // Behind the name, which may hold anything: state is field 3, utime and stime are 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** An amount of /proc/PID/status in KiB, such as VmHWM, the peak of resident memory. */
export function statusKib(status: string, field: string): number | undefined {
  const match = new RegExp(`^${field}:\\s*(\\d+) kB$`, "m").exec(status);
  return match === null ? undefined : Number(match[1]);
}
