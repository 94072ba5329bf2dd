/**
 * Tells at the beginning of a run whether calls come faster than one wants to see them one by one. Calls are counted as
 * the kernel hands them over; where they seem too many they are held back in the buffer until that is certain, so that
 * the warning stands above them and none is lost.
 */
import { NS_PER } from "../../core/units";

/** How long calls are counted. */
const COUNTED_NS = 200 * NS_PER.ms;
/** Calls a second: a tenth of a processor or more goes into showing them, and as much into the calls themselves. */
const MANY = 100_000;
/** Fewer are shown at once, whatever their rate: every program begins with a burst. */
const BURST = 2000;

/** What is known of the calls so far. */
export interface Arrived {
  /** Since the run began; at least so many. */
  readonly calls: number;
  /** How much of the buffer waits, from 0 to 1. */
  readonly filled: number;
}

/** Calls held back fill no more than this of the buffer. */
const MOST_FILLED = 0.25;

export class RateGuard {
  private over = false;

  constructor(
    private readonly startNs: bigint,
    private readonly warn: (text: string) => void,
  ) {}

  /** Whether to hold calls back; it warns once when they were too many. */
  holds(nowNs: bigint, arrived: () => Arrived): boolean {
    if (this.over) return false;
    const elapsed = Number(nowNs - this.startNs);
    const { calls, filled } = arrived();
    this.over = elapsed >= COUNTED_NS || filled >= MOST_FILLED;
    const perSecond = (calls / Math.max(elapsed, 1)) * NS_PER.s;
    const isFast = calls >= BURST && perSecond >= MANY;
    if (this.over && isFast) this.warn(warning(perSecond));
    return !this.over && isFast;
  }
}

function warning(perSecond: number): string {
  const digits = 10 ** (Math.floor(Math.log10(perSecond)) - 1);
  const about = Math.round(perSecond / digits) * digits;
  return (
    `about ${about.toLocaleString("en")} calls a second: showing each slows down what is traced; ` +
    "--count, --sample 1/100 or --filter cost less (--force: no warning)"
  );
}
