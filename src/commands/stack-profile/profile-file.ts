/** Profiles from files: folded stacks of any tool, or our own JSON. And what has room in a file. */
import { readFileSync } from "node:fs";
import { UsageError } from "../../core/errors";
import { diffFormats, isProfileFormat } from "../../output/stacks/formats";
import type { Profile } from "../../output/stacks/profile";
import { readProfile } from "../../output/stacks/read-profile";
import type { Options } from "./options";

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

/** A picture holds one profile, and most files none to compare it with. Throws a UsageError. */
export function checkFormat(format: string, { diff, interval }: Pick<Options, "diff" | "interval">): void {
  if (diff !== undefined && !["table", ...diffFormats].includes(format))
    throw new UsageError(`diff: format "${format}" has no place for a second profile`, {
      hint: `use --format table, ${diffFormats.join(", ")}, or a file with such an ending`,
    });
  if (interval !== undefined && isProfileFormat(format) && format !== "json")
    throw new UsageError(`interval: format "${format}" has place for one profile`, {
      hint: "leave --interval away, or use --format table, json, ndjson or csv",
    });
}
