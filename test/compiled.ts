/** Programs in C, each compiled once for a whole run of Jest: in an emulated machine one gcc takes many seconds. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runFolder } from "./run-folder";

/** How to compile. */
export interface Compilation {
  /** The file's name, from which the kernel takes the command's. */
  readonly name?: string;
  /** After the source, so that libraries may be among them. A file named here must not change during the run. */
  readonly flags?: readonly string[];
}

/**
 * The path of a program or library from this source; beside it lies the source, as `${path}.c`. Other tests get the
 * same file: who moves or changes it works on a copy. Other users can read it.
 */
export function compiled(source: string, { name = "program", flags = [] }: Compilation = {}): string {
  const key = createHash("sha256")
    .update(JSON.stringify([name, flags, source]))
    .digest("hex");
  const folder = join(runFolder(), key.slice(0, 12));
  const path = join(folder, name);
  if (existsSync(path)) return path;
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o755);
  writeFileSync(`${path}.c`, source);
  // Under its own name once it is whole: a gcc that was ended, or a worker of Jest beside us, is no danger then.
  const unfinished = `${path}.${process.pid}`;
  execFileSync("gcc", ["-o", unfinished, `${path}.c`, ...flags], { stdio: "pipe" });
  renameSync(unfinished, path);
  return path;
}
