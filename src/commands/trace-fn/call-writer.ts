import type { ByteWriter } from "../../output/byte-writer";
import type { SlotForm, ValueForm } from "../../probes/calls/value-form";
import type { Unshown } from "./report";
import type { ShownSite } from "./shown-site";
import type { Write } from "./value-writer";

/** What there is to say at the end of a run. */
export interface CallTotals extends Unshown {
  readonly startedAt: Date;
  readonly endedAt: Date;
  readonly durationNs: number;
  /** Calls shown, by the site's index. */
  readonly counts: Float64Array;
}

/** A form of output for calls as they come. */
export interface CallWriter {
  /** What stands above all calls. */
  head(): string;
  /** What writes the calls of this site, told where their records are. */
  writerOf(site: ShownSite): Write;
  /** Before what was written is handed over. */
  pause?(out: ByteWriter): void;
  /** Writes what is still open when nothing more can come. */
  rest?(out: ByteWriter): void;
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

/** What there is to say of all calls together. */
export function totalsOf(
  sites: readonly ShownSite[],
  { counts, filtered }: Pick<CallTotals, "counts" | "filtered">,
) {
  return { count: totalOf(counts), filtered, functions: countsByName(sites, counts) };
}

export function totalOf(counts: Float64Array): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

const SCALARS = 512;
/** A byte of a string becomes at most six: `\u001b`. */
const PER_BYTE = 6;
const PER_ARGUMENT = 64;
/** `"-9223372036854775808",`, or a name of an element's. */
const PER_NUMBER = 24;

function wordLength(form: ValueForm): number {
  if (form.kind === "flags")
    return form.set.flags.reduce((sum, { name }) => sum + name.length + 1, PER_ARGUMENT);
  if (form.kind !== "enum") return PER_ARGUMENT;
  return [...form.names.values()].reduce((most, name) => Math.max(most, name.length + 2), PER_ARGUMENT);
}

function slotLength(form: SlotForm, size: number): number {
  return form.kind === "numbers" ? form.count * PER_NUMBER : size * PER_BYTE;
}

/** Bytes that the longest line of these sites takes at most. */
export function longestLine(sites: readonly ShownSite[]): number {
  const lengths = sites.map(({ name, params, layout, result }) => {
    const names = params.reduce((sum, param) => sum + param.name.length + wordLength(param.form), 0);
    const slots = layout.slots.reduce((sum, { form, size }) => sum + slotLength(form, size), 0);
    return SCALARS + PER_BYTE * name.length + names + slots + (result === undefined ? 0 : wordLength(result));
  });
  return Math.max(...lengths);
}
