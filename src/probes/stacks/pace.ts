/** How soon to look for samples to unwind, and at what processes have mapped. Pure. */
import { NS_PER } from "../../core/units";
import type { PaceBounds } from "../ring-pace";
import type { StackSamples } from "../stack-samples";
import type { Measure } from "./collector";

/**
 * Each look costs some 0.5 ms of a processor that
 * is busy, because nothing of Node is in its caches any more, so there is one for both, and seldom where a clock ticks: it
 * never ticks faster than it was told to. Of events nobody knows how soon there are many.
 */
const CLOCK_PACE: PaceBounds = { soonestNs: 2 * NS_PER.ms, latestNs: 250 * NS_PER.ms, fill: 1 / 4 };
const EVENT_PACE: PaceBounds = { soonestNs: 2 * NS_PER.ms, latestNs: 50 * NS_PER.ms, fill: 1 / 8 };

/** While each look lets programs get on by one frame. */
export const LEARNING_NS = 20 * NS_PER.ms;

/** Processors that were idle may all tick from now on: not more of the ring than `fill` is filled by then, either. */
export function paceOf(measure: Measure, samples: Pick<StackSamples, "fullNs"> | undefined): PaceBounds {
  const pace = measure === "cpu" ? CLOCK_PACE : EVENT_PACE;
  const fullNs = samples?.fullNs ?? Number.POSITIVE_INFINITY;
  return { ...pace, latestNs: Math.max(pace.soonestNs, Math.min(pace.latestNs, fullNs * pace.fill)) };
}
