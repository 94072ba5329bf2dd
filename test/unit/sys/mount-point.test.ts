import { mountPoint } from "../../../src/sys/mount-point";

const mountinfo = `22 28 0:20 / /sys rw,nosuid shared:7 - sysfs sysfs rw
30 22 0:26 / /sys/fs/cgroup/unified rw,relatime shared:9 master:1 - cgroup2 cgroup2 rw
31 22 0:27 / /odd\\040place rw - tracefs nodev rw
32 22 0:28 / /second rw - tracefs nodev rw
`;

test.each([
  ["cgroup2", "/sys/fs/cgroup/unified"],
  ["tracefs", "/odd place"],
  ["bpf", undefined],
  ["rw", undefined],
])("%s", (type, point) => expect(mountPoint(mountinfo, type)).toBe(point));
