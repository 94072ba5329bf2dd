import { readFileSync } from "node:fs";
import { UsageError } from "../core/errors";
import type { Syscalls } from "./syscalls";

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

const FOLDER = "/sys/devices/system/cpu";

/** Processors that may ever appear: per-CPU map values have one slot for each number up to the highest. */
export function possibleCpus(): number[] {
  return parseCpuList(readFileSync(`${FOLDER}/possible`, "utf8"));
}

/** Processors that run right now; the next one to ask may get another answer. */
export function onlineCpus(): number[] {
  return parseCpuList(readFileSync(`${FOLDER}/online`, "utf8"));
}

/** `onlineCpus` as the edge shows them; just the first where it does not tell. */
export function onlineCpusOf(sys: Pick<Syscalls, "readText">): number[] {
  return parseCpuList(sys.readText(`${FOLDER}/online`) ?? "0");
}
