/** Weights and shares as people read them under a picture. */
import { formatDuration, formatSize } from "../../core/units";
import { percentText } from "../figures";
import type { WeightUnit } from "./profile";

/** "1,999 samples", "1.5s", "64K". */
export function weightWords(weight: number, unit: WeightUnit): string {
  switch (unit) {
    case "nanoseconds":
      return formatDuration(weight);
    case "bytes":
      return formatSize(weight);
    case "samples":
      return `${grouped(weight)} ${weight === 1 ? "sample" : "samples"}`;
    case "count":
      return grouped(weight);
  }
}

/** "12.5 %". */
export function shareWords(weight: number, all: number): string {
  return `${all === 0 ? "0.0" : percentText(weight / all)} %`;
}

let format: Intl.NumberFormat | undefined;

/** Made once: it takes longer than a thousand numbers. */
function grouped(weight: number): string {
  format ??= new Intl.NumberFormat("en-US", { maximumFractionDigits: 3 });
  return format.format(weight);
}
