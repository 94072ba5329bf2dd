/** Which formats what is shown can have, and what a file's ending says. */
import { UsageError } from "../../core/errors";
import { profileEndings, profileFormats } from "../../output/stacks/formats";
import type { Mode } from "../../probes/calls/call-plan";

const REPORTS = ["table", "json", "ndjson", "csv"] as const;
/** Formats of traces, in which each call has its place in time. */
const TRACES = ["chrome", "perfetto"] as const;
const STACKS = [...REPORTS, ...profileFormats.filter((format) => format !== "json")] as const;

/** The formats of all modes. */
export const formats = [...STACKS, ...TRACES, "dot"] as const;

/** File endings besides the common ones. */
export const endings: Readonly<Record<string, string>> = {
  ...profileEndings,
  ".chrome.json": "chrome",
  ".pftrace": "perfetto",
  ".perfetto-trace": "perfetto",
  ".dot": "dot",
};

/** Whether the format shows how long calls take. */
export function isTrace(format: string): boolean {
  return (TRACES as readonly string[]).includes(format);
}

const BY_MODE: Readonly<Record<Mode, readonly string[]>> = {
  events: [...REPORTS, ...TRACES],
  graph: ["table", "json", "ndjson", "dot"],
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
      hint: `${others.map((each) => (each === "events" ? "no mode" : `--${each}`)).join(" and ")} has it; here there are ${own.join(", ")}`,
    },
  );
}
