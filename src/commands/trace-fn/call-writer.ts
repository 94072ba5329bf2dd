import type { ByteWriter } from "../../output/byte-writer";
import type { ShownSite } from "./shown-site";

/** What there is to say at the end of a run. */
export interface CallTotals {
  readonly startedAt: Date;
  readonly endedAt: Date;
  readonly durationNs: number;
  /** Calls shown, by the site's index. */
  readonly counts: Float64Array;
  readonly lost: Readonly<Record<string, number>>;
}

/** A form of output for calls as they come. */
export interface CallWriter {
  /** What stands above all calls. */
  head(): string;
  /** Writes the call whose record is at `at`. */
  write(out: ByteWriter, site: ShownSite, view: DataView, at: number): void;
  /** What stands below. */
  end(totals: CallTotals): string;
}

/** How many calls of each function were shown, of those that were called. */
export function countsByName(sites: readonly ShownSite[], counts: Float64Array): Record<string, number> {
  const byName: Record<string, number> = {};
  sites.forEach(({ name }, i) => {
    const count = counts[i] ?? 0;
    if (count > 0) byName[name] = (byName[name] ?? 0) + count;
  });
  return byName;
}

export function totalOf(counts: Float64Array): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

const SCALARS = 512;
/** A byte of a string becomes at most six: `\u001b`. */
const PER_BYTE = 6;
const PER_ARGUMENT = 64;

/** Bytes that the longest line of these sites takes at most. */
export function longestLine(sites: readonly ShownSite[]): number {
  const lengths = sites.map(({ name, params, layout }) => {
    const names = params.reduce((sum, param) => sum + param.name.length + PER_ARGUMENT, 0);
    return SCALARS + PER_BYTE * name.length + names + layout.slots.length * layout.stringSize * PER_BYTE;
  });
  return Math.max(...lengths);
}
