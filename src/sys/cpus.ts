import { readFileSync } from "node:fs";
import { UsageError } from "../core/errors";

/** The processors of a kernel list such as `0,2-3`, in ascending order. Throws a UsageError. */
export function parseCpuList(text: string): number[] {
  const cpus = new Set<number>();
  for (const part of text.trim().split(",")) {
    const range = /^(\d+)(?:-(\d+))?$/.exec(part.trim());
    const first = Number(range?.[1]);
    const last = Number(range?.[2] ?? range?.[1]);
    if (range === null || last < first) throw new UsageError(`cpu list: "${text}" is not like "0,2-3"`);
    for (let cpu = first; cpu <= last; cpu++) cpus.add(cpu);
  }
  return [...cpus].sort((a, b) => a - b);
}

function listed(name: "possible" | "online"): number[] {
  return parseCpuList(readFileSync(`/sys/devices/system/cpu/${name}`, "utf8"));
}

/** Processors that may ever appear: per-CPU map values have one slot for each number up to the highest. */
export function possibleCpus(): number[] {
  return listed("possible");
}

/** Processors that run right now. */
export function onlineCpus(): number[] {
  return listed("online");
}
