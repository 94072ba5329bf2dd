/** What of the machine decides which places the targets name. Files are read when somebody asks. */
import { readdirSync, readFileSync } from "node:fs";
import type { KernelFacts } from "../../bpf/facts";
import { type Kallsyms, readKallsyms } from "../../symbols/kallsyms";
import { type Abi, nativeAbi } from "../../symbols/syscalls";
import { mountPoint } from "../../sys/mount-point";
import type { Reach } from "./choose-ways";

export interface Surroundings {
  readonly abi: Abi;
  readonly facts: KernelFacts;
  isModule(name: string): boolean;
  /** The kernel's symbols. */
  kallsyms(): Kallsyms;
  /** How functions can be reached. */
  readonly reach: Reach;
  /** Where tracefs is mounted; undefined when it is not. */
  readonly tracefs: string | undefined;
  /** The names in a folder of tracefs; none where there is no such folder. */
  listTracefs(folder: string): readonly string[];
  /** The text of a file of tracefs. */
  readTracefs(path: string): string | undefined;
}

/** The surroundings of the running machine. */
export function surroundings(facts: KernelFacts, reach: Reach): Surroundings {
  let symbols: Kallsyms | undefined;
  const mounts = textOf("/proc/self/mountinfo") ?? "";
  const debugfs = mountPoint(mounts, "debugfs");
  const tracefs = mountPoint(mounts, "tracefs") ?? (debugfs === undefined ? undefined : `${debugfs}/tracing`);
  let modules: ReadonlySet<string> | undefined;
  return {
    abi: nativeAbi(facts.arch),
    facts,
    reach,
    isModule(name) {
      modules ??= new Set(
        (textOf("/proc/modules") ?? "").split("\n").map((line) => line.split(" ", 1)[0] ?? ""),
      );
      return name !== "" && modules.has(name);
    },
    kallsyms() {
      symbols ??= readKallsyms();
      return symbols;
    },
    tracefs,
    listTracefs(folder) {
      try {
        return readdirSync(`${tracefs}/${folder}`);
      } catch {
        return [];
      }
    },
    readTracefs: (path) => textOf(`${tracefs}/${path}`),
  };
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
