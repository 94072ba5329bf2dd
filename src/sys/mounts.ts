import { mountPoint } from "./mount-point";

/** Where cgroup v2 is mounted according to /proc/self/mountinfo; undefined when it is not. */
export function cgroupMountOf(mountinfo: string): string | undefined {
  return mountPoint(mountinfo, "cgroup2");
}
