import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { UsageError } from "../core/errors";

/** The file that `name` starts: a path as it is, a bare name by way of `path` (the value of PATH). Absolute. */
export function findExecutable(name: string, path: string): string {
  if (name === "") throw new UsageError('command: not found ""');
  const candidates = name.includes("/")
    ? [resolve(name)]
    : path.split(delimiter).map((folder) => resolve(join(folder, name)));
  const problems = new Map<string, Obstacle>();
  for (const file of candidates) {
    const obstacle = obstacleTo(file);
    if (obstacle === undefined) return file;
    problems.set(file, obstacle);
  }
  // As a shell does: the reason that came nearest to a start is the one worth telling.
  for (const [file, obstacle] of problems) {
    if (obstacle !== "missing") throw new UsageError(`command: "${file}" ${obstacle}`);
  }
  throw new UsageError(`command: not found "${name}"`);
}

type Obstacle = "missing" | "is a directory" | "is not executable";

function obstacleTo(file: string): Obstacle | undefined {
  try {
    if (statSync(file).isDirectory()) return "is a directory";
  } catch {
    return "missing";
  }
  try {
    accessSync(file, constants.X_OK);
    return undefined;
  } catch {
    return "is not executable";
  }
}
