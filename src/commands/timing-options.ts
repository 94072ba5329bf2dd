/** The options for how long a command runs and how often it reports. */
import { parseDuration } from "../core/units";
import type { OptionSpecs } from "./command";

const group = "Timing";

/** `duration` and `interval`, both in nanoseconds. */
export const timingOptions = {
  duration: {
    flags: "-d, --duration <time>",
    help: "end after this time: 500ms, 10s, 2m, or seconds",
    parse: (text: string) => parseDuration(text, { name: "duration" }),
    group,
  },
  interval: {
    flags: "-i, --interval <time>",
    help: "report each time this has passed, with the counts of that interval",
    parse: (text: string) => parseDuration(text, { name: "interval" }),
    group,
  },
} as const satisfies OptionSpecs;
