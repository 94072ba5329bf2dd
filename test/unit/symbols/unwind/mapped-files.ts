/** Files that are in our own memory. */
import { readFileSync } from "node:fs";

/** The path of the file whose name begins like this. */
export function mappedFile(name: string): string {
  for (const line of readFileSync("/proc/self/maps", "utf8").split("\n")) {
    const path = line.split(/\s+/)[5] ?? "";
    if (path.startsWith("/") && path.slice(path.lastIndexOf("/") + 1).startsWith(name)) return path;
  }
  throw new Error(`"${name}" is in no mapped file`);
}
