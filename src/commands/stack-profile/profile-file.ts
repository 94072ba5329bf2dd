/** Profiles from files: folded stacks of any tool, or our own JSON. */
import { readFileSync } from "node:fs";
import { UsageError } from "../../core/errors";
import type { Profile } from "../../output/stacks/profile";
import { readProfile } from "../../output/stacks/read-profile";

/** Reads a profile. Throws a UsageError that names the option. */
export function profileFromFile(option: "from" | "diff", path: string): Profile {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const { code = "unreadable" } = error as NodeJS.ErrnoException;
    throw new UsageError(`${option}: cannot read "${path}": ${code}`, { cause: error });
  }
  return readProfile(bytes, path);
}
