/**
 * Numbers in table cells. A column has one unit, named in its heading, and a fixed number of decimals, so
 * that its numbers line up. Digits are not grouped: cells can be pasted into other tools as they are.
 */
import { NS_PER } from "../core/units";

/** A whole number. */
export function wholeText(value: number | bigint): string {
  return typeof value === "bigint" ? value.toString() : value.toFixed(0);
}

/** A share (0 to 1) in percent with one decimal; the heading's unit is "%". */
export function percentText(share: number): string {
  return Number.isFinite(share) ? (share * 100).toFixed(1) : "-";
}

/** Events per second; the heading's unit is "/s". One decimal below 100, where it still says something. */
export function rateText(count: number | bigint, durationNs: number): string {
  const rate = perSecond(count, durationNs);
  if (rate === null) return "-";
  return rate.toFixed(rate !== 0 && rate < 100 ? 1 : 0);
}

/** Events per second as a number for JSON, to a thousandth; null when no time has passed. */
export function perSecond(count: number | bigint, durationNs: number): number | null {
  if (durationNs <= 0) return null;
  return Math.round((Number(count) / durationNs) * NS_PER.s * 1000) / 1000;
}

/** The unit of a column of durations, and how its cells are written. */
export interface TimeScale {
  readonly unit: "ns" | "us" | "ms" | "s";
  text(ns: number | bigint): string;
}

/** One scale for a whole column of durations, fitting its largest value: at most five digits before the point. */
export function timeScale(largestNs: number | bigint): TimeScale {
  const largest = Number(largestNs);
  if (largest < 100_000) return scale("ns", 0);
  if (largest < 100e6) return scale("us", 1);
  if (largest < 100e9) return scale("ms", 3);
  return scale("s", 3);
}

/** The scale of a unit that was chosen beforehand. */
function scale(unit: TimeScale["unit"], decimals: number): TimeScale {
  return { unit, text: (ns) => (Number(ns) / NS_PER[unit]).toFixed(decimals) };
}
