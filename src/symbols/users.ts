/** User names and numbers out of /etc/passwd. */
import { readFileSync } from "node:fs";

/** Both directions between user names and user numbers. */
export interface Users {
  idOf(name: string): number | undefined;
  nameOf(id: number): string | undefined;
  readonly names: readonly string[];
}

/** The users listed in `text`, which has the form of passwd(5). Where a name or number repeats, the first counts. */
export function parseUsers(text: string): Users {
  const ids = new Map<string, number>();
  const names = new Map<number, string>();
  for (const line of text.split("\n")) {
    const [name, , digits] = line.split(":");
    if (name === undefined || name === "" || digits === undefined || !/^\d+$/.test(digits)) continue;
    const id = Number(digits);
    if (!ids.has(name)) ids.set(name, id);
    if (!names.has(id)) names.set(id, name);
  }
  return { idOf: (name) => ids.get(name), nameOf: (id) => names.get(id), names: [...ids.keys()] };
}

/** The users of this machine; none where the file cannot be read. */
export function readUsers(path = "/etc/passwd"): Users {
  try {
    return parseUsers(readFileSync(path, "utf8"));
  } catch {
    return parseUsers("");
  }
}
