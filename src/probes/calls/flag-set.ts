/** Masks whose bits have names. Pure. */

/** A name stands for all of `value` among the bits of `mask`: of a flag both are the same, of a field the mask is wider. */
export interface Flag {
  readonly name: string;
  readonly value: number;
  readonly mask: number;
}

/** In the order they are looked for: what contains another one comes first. */
export interface FlagSet {
  readonly flags: readonly Flag[];
  /** Texts that were asked for before. */
  readonly known: Map<number, string>;
}

type Values = Readonly<Record<string, number>>;

/** Flags that are there or not. */
export function bits(values: Values): Flag[] {
  return Object.entries(values).map(([name, value]) => ({ name, value, mask: value }));
}

/** Names for the values of some bits together. */
export function field(mask: number, values: Values): Flag[] {
  return Object.entries(values).map(([name, value]) => ({ name, value, mask }));
}

export function flagSet(...flags: readonly (readonly Flag[])[]): FlagSet {
  return { flags: flags.flat(), known: new Map() };
}

/** Different masks in a run are few; where they are not, nothing is gained by keeping them. */
const KEPT = 1024;

/** `O_WRONLY|O_CREAT|0x40000`: the names in `value`, 32 bits, and what has none. */
export function flagText(set: FlagSet, value: number): string {
  const known = set.known.get(value);
  if (known !== undefined) return known;
  const names: string[] = [];
  let rest = value;
  for (const { name, value: wanted, mask } of set.flags) {
    if ((rest & mask) >>> 0 !== wanted >>> 0 || (wanted === 0 && mask === 0)) continue;
    // A field of zero says something only once.
    if (wanted === 0 && (value & mask) !== 0) continue;
    names.push(name);
    rest = (rest & ~mask) >>> 0;
  }
  if (rest !== 0 || names.length === 0) names.push(`0x${rest.toString(16)}`);
  const text = names.join("|");
  if (set.known.size < KEPT) set.known.set(value, text);
  return text;
}
