/** Signs of a container. Pure. */
import { containerOf } from "../../symbols/containers";
import type { Files } from "./reading";
import { textOf } from "./reading";

/** What container runtimes leave in the root folder. */
const MARKS = ["/.dockerenv", "/run/.containerenv"];

/** What hints that this process is in a container; none proves it, and none of it proves that it is not. */
export function containerSigns(files: Files): string[] {
  const paths = textOf(files, "/proc/self/cgroup")
    .split("\n")
    .map((line) => line.replace(/^\d+:[^:]*:/, ""));
  const named = paths.flatMap((path) => {
    const container = containerOf(path);
    return container === undefined ? [] : [`${container.runtime} ${container.id.slice(0, 12)}`];
  });
  return [...new Set(named), ...MARKS.filter((path) => files.exists(path)).map((path) => `"${path}" exists`)];
}
