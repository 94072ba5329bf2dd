import type { Clock } from "./context";

/** A stretch of the run, on the monotonic clock. */
export interface Interval {
  readonly startNs: bigint;
  readonly endNs: bigint;
  /** True for the last one: the duration is over or the run was ended. */
  readonly last: boolean;
}

/** How long a run takes and how often it reports; absent means until it is ended, and once at the end. */
export interface Timing {
  readonly intervalNs?: number | undefined;
  readonly durationNs?: number | undefined;
}

/**
 * The intervals of a run, each at its end. They do not drift: when a report takes longer than an interval, the
 * next one ends at the next multiple. Exactly one interval is the last, also when `signal` is aborted early.
 */
export async function* intervals(
  clock: Clock,
  { intervalNs, durationNs }: Timing,
  signal: AbortSignal,
): AsyncGenerator<Interval, void, undefined> {
  const first = clock.monotonicNs();
  const end = durationNs === undefined ? undefined : first + BigInt(durationNs);
  const step = intervalNs === undefined ? undefined : BigInt(intervalNs);
  for (let startNs = first, last = false; !last; ) {
    const now = clock.monotonicNs();
    const tick = step === undefined ? undefined : first + ((now - first) / step + 1n) * step;
    const until = tick === undefined || (end !== undefined && end < tick) ? end : tick;
    await sleepUntil(clock, until, signal);
    const endNs = clock.monotonicNs();
    last = signal.aborted || (end !== undefined && endNs >= end);
    yield { startNs, endNs, last };
    startNs = endNs;
  }
}

/** Timers may fire a little early, so once may not be enough. */
async function sleepUntil(clock: Clock, until: bigint | undefined, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const left = until === undefined ? Number.POSITIVE_INFINITY : Number(until - clock.monotonicNs());
    if (left <= 0) return;
    await clock.sleep(left, signal);
  }
}
