/** Runs in a cgroup namespace of its own, and prints which processes --cost takes in there with -c. */

import { readFacts } from "../../../src/bpf/facts";
import { Kernel } from "../../../src/bpf/kernel";
import { cgroupMount, findCgroup } from "../../../src/symbols/cgroups";
import { openLinux } from "../../../src/sys/linux";
import { counted } from "./counted";

async function main(): Promise<void> {
  const [, , path = ""] = process.argv;
  const kernel = new Kernel(openLinux(), readFacts());
  const args = ["--cost", "--by", "pid", "-n", "0", "-c", path];
  const { rows } = await counted(kernel, args, () => {});
  const level = findCgroup(path, cgroupMount() ?? "")?.level ?? "unknown";
  process.stdout.write(JSON.stringify({ level, pids: rows.map(({ pid }) => pid) }));
}

void main();
