/** Which formats what is shown can have, and what a file's ending says. */
import { UsageError } from "../../core/errors";
import { profileEndings, profileFormats } from "../../output/stacks/formats";
import type { Mode } from "../../probes/calls/call-plan";

const REPORTS = ["table", "json", "ndjson", "csv"] as const;
const STACKS = [...REPORTS, ...profileFormats.filter((format) => format !== "json")] as const;

/** The formats of all modes. */
export const formats = STACKS;

/** File endings besides the common ones. */
export const endings: Readonly<Record<string, string>> = profileEndings;

const BY_MODE: Readonly<Record<Mode, readonly string[]>> = {
  events: REPORTS,
  count: REPORTS,
  latency: REPORTS,
  dist: REPORTS,
  stacks: STACKS,
};

/** Throws a UsageError for a format that this mode has not. */
export function checkFormat(format: string, mode: Mode): void {
  const own = BY_MODE[mode];
  if (own.includes(format)) return;
  const others = (Object.keys(BY_MODE) as Mode[]).filter((each) => BY_MODE[each].includes(format));
  throw new UsageError(
    `format: "${format}" is not for ${mode === "events" ? "calls as they come" : `--${mode}`}`,
    {
      hint: `${others.map((each) => `--${each}`).join(" and ")} has it; here there are ${own.join(", ")}`,
    },
  );
}
