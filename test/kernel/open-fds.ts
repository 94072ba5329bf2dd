import { readdirSync, readlinkSync } from "node:fs";

/** Comes and goes with Node's own doings: pipes to children, the event loop, files being loaded. */
const NODES_OWN = /^(pipe:|socket:|anon_inode:\[?(eventpoll|eventfd|io_uring|pidfd|timerfd|inotify)|\/dev\/)/;
const OURS = /^(anon_inode:|\/(proc|sys)\/)/;

/** What this process holds open of the kernel's, `number → target`: BPF objects, perf events, files in /proc and /sys. */
export function openKernelFds(): ReadonlyMap<number, string> {
  const found = new Map<number, string>();
  for (const entry of readdirSync("/proc/self/fd")) {
    try {
      const target = readlinkSync(`/proc/self/fd/${entry}`);
      // The listing's own descriptor is a directory in /proc.
      if (OURS.test(target) && !NODES_OWN.test(target) && !target.endsWith("/fd"))
        found.set(Number(entry), target);
    } catch {
      // The descriptor of the listing itself is gone by now.
    }
  }
  return found;
}

/** Those open now that were not open `before`. */
export function leakedFds(before: ReadonlyMap<number, string>): string[] {
  return [...openKernelFds()]
    .filter(([fd, target]) => before.get(fd) !== target)
    .map(([fd, target]) => `${fd} → ${target}`);
}
