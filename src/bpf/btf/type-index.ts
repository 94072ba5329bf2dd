import { BtfError } from "./error";
import { type Extent, infoKind, infoLength, TYPE_WORDS } from "./kind";

/** Where each type of a section starts and of which kind it is. Number 0 is the section's first type. */
export interface TypeIndex {
  readonly count: number;
  /** Word offset of each type. */
  readonly starts: Uint32Array;
  /** Kind number of each type. */
  readonly kinds: Uint8Array;
}

/** Walks the type section once without decoding anything. Throws BtfError where a type is cut or unknown. */
export function indexTypes(words: Uint32Array, extents: readonly (Extent | undefined)[]): TypeIndex {
  const atMost = Math.floor(words.length / TYPE_WORDS);
  const starts = new Uint32Array(atMost);
  const kinds = new Uint8Array(atMost);
  // Flat tables keep the loop free of property look-ups: it runs once per type of the kernel.
  const fixed = new Uint8Array(128);
  const each = new Uint8Array(128);
  const known = new Uint8Array(128);
  extents.forEach((extent, kind) => {
    if (extent === undefined || kind >= known.length) return;
    known[kind] = 1;
    fixed[kind] = TYPE_WORDS + extent.fixed;
    each[kind] = extent.each;
  });
  let count = 0;
  let at = 0;
  while (at < words.length) {
    if (words.length - at < TYPE_WORDS)
      throw new BtfError(`parse BTF: type section ends inside type ${count}`);
    const info = words[at + 1]!;
    const kind = infoKind(info);
    if (known[kind] === 0) throw new BtfError(`parse BTF: kind ${kind} at byte ${4 * at} is not known`);
    starts[count] = at;
    kinds[count] = kind;
    count++;
    const step = fixed[kind]!;
    const perElement = each[kind]!;
    at += perElement === 0 ? step : step + perElement * infoLength(info);
  }
  if (at !== words.length)
    throw new BtfError(`parse BTF: last type ends ${4 * (at - words.length)} bytes late`);
  return { count, starts: starts.slice(0, count), kinds: kinds.slice(0, count) };
}
