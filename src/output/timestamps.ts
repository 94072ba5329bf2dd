/** The time above each table of a run with intervals. */
import { NS_PER } from "../core/units";

export const timestampModes = ["none", "clock", "iso", "delta"] as const;
export type TimestampMode = (typeof timestampModes)[number];

/**
 * `at` as `--timestamps` wants it: the local clock, ISO 8601 in UTC, or the seconds since `before`,
 * which is the time above (at first the start of the run); undefined for "none".
 */
export function timestamp(mode: TimestampMode, at: Date, before: Date): string | undefined {
  switch (mode) {
    case "none":
      return undefined;
    case "clock":
      return [at.getHours(), at.getMinutes(), at.getSeconds()]
        .map((n) => String(n).padStart(2, "0"))
        .join(":");
    case "iso":
      return at.toISOString();
    case "delta":
      return `+${(((at.getTime() - before.getTime()) * NS_PER.ms) / NS_PER.s).toFixed(3)}s`;
  }
}
