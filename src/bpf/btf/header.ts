import { BtfError } from "./error";
import { EXTENTS, type Extent } from "./kind";

const MAGIC = 0xeb9f;
const VERSION = 1;
const HEADER_SIZE = 24;
const HEADER_SIZE_WITH_LAYOUT = 32;

/** The sections of a blob, bounds checked. */
export interface Sections {
  /** The type section as words; a view of the blob where its alignment allows. */
  readonly words: Uint32Array;
  readonly strings: Buffer;
  /** What follows the types of each kind, by kind number. */
  readonly extents: readonly (Extent | undefined)[];
}

function section(blob: Uint8Array, name: string, start: number, length: number): Uint8Array {
  if (start + length > blob.length)
    throw new BtfError(`parse BTF: ${name} section ends at ${start + length} of ${blob.length} bytes`);
  return blob.subarray(start, start + length);
}

function toWords(bytes: Uint8Array): Uint32Array {
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : Uint8Array.from(bytes);
  return new Uint32Array(aligned.buffer, aligned.byteOffset, aligned.length / 4);
}

/** Kinds we know keep the size we know; the layout section only adds those we do not. */
function withLayout(layout: Uint8Array): readonly (Extent | undefined)[] {
  const extents: (Extent | undefined)[] = [...EXTENTS];
  for (let kind = extents.length; 4 * kind + 4 <= layout.length; kind++) {
    const fixed = layout[4 * kind]!;
    const each = layout[4 * kind + 1]!;
    if (fixed % 4 === 0 && each % 4 === 0) extents[kind] = { fixed: fixed / 4, each: each / 4 };
  }
  return extents;
}

function checkStrings(strings: Uint8Array, split: boolean): void {
  if (split && strings.length === 0) return;
  if (strings.length === 0) throw new BtfError("parse BTF: string section is empty");
  if (strings[strings.length - 1] !== 0) throw new BtfError("parse BTF: string section does not end in NUL");
  if (!split && strings[0] !== 0) throw new BtfError("parse BTF: first string is not empty");
}

/** Reads the header of a blob; `split` when its strings continue those of a base. Throws BtfError. */
export function readSections(blob: Uint8Array, split: boolean): Sections {
  if (blob.length < HEADER_SIZE)
    throw new BtfError(`parse BTF: header needs ${HEADER_SIZE} bytes, got ${blob.length}`);
  const view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength);
  if (view.getUint16(0) === MAGIC) throw new BtfError("parse BTF: big-endian blob");
  if (view.getUint16(0, true) !== MAGIC)
    throw new BtfError(`parse BTF: magic is 0x${view.getUint16(0, true).toString(16)}, not 0xeb9f`);
  if (view.getUint8(2) !== VERSION) throw new BtfError(`parse BTF: version ${view.getUint8(2)} is not 1`);
  const word = (at: number) => view.getUint32(at, true);
  const size = word(4);
  if (size < HEADER_SIZE || size > blob.length) throw new BtfError(`parse BTF: header length is ${size}`);
  const types = section(blob, "type", size + word(8), word(12));
  if (types.length % 4 !== 0) throw new BtfError(`parse BTF: type section has ${types.length} bytes`);
  const strings = section(blob, "string", size + word(16), word(20));
  checkStrings(strings, split);
  const layout =
    size >= HEADER_SIZE_WITH_LAYOUT ? section(blob, "layout", size + word(24), word(28)) : undefined;
  return {
    words: toWords(types),
    strings: Buffer.from(strings.buffer, strings.byteOffset, strings.byteLength),
    extents: layout === undefined ? EXTENTS : withLayout(layout),
  };
}
