/** An amount of /proc/PID/status in KiB, such as VmHWM, the peak of resident memory. */
export function statusKib(status: string, field: string): number | undefined {
  const match = new RegExp(`^${field}:\\s*(\\d+) kB$`, "m").exec(status);
  return match === null ? undefined : Number(match[1]);
}
