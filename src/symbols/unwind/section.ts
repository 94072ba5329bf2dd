/** A section of a file's unwind information, and the pointers in it. */
import { Cursor } from "./cursor";

/** A section as the file has it: its bytes, and the address it is linked at. */
export interface Section {
  readonly address: number;
  readonly view: DataView;
}

/** A section from the bytes an ELF reader gave. */
export function sectionOf({ address, bytes }: { address: number; bytes: Uint8Array }): Section {
  return { address, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
}

/** A cursor at an offset of the section. */
export function cursorIn(section: Section, at: number, end?: number): Cursor {
  return new Cursor(section.view, at, end);
}

/** DW_EH_PE_*: how a pointer is written (LSB Core, "DWARF Exception Header Encoding"). */
const OMIT = 0xff;
const FORMAT = 0x0f;
const BASE = 0x70;
/** The value is the address of the pointer. */
const INDIRECT = 0x80;

const Base = { absolute: 0x00, pc: 0x10, data: 0x30, aligned: 0x50 } as const;

function readValue(cursor: Cursor, format: number): number {
  switch (format) {
    // absptr: both machines have 64 bits. Signed, since a relative one may go back.
    case 0x00:
    case 0x04:
    case 0x0c:
      return cursor.s64();
    case 0x01:
      return cursor.uleb();
    case 0x02:
      return cursor.u16();
    case 0x03:
      return cursor.u32();
    case 0x09:
      return cursor.sleb();
    case 0x0a:
      return cursor.s16();
    case 0x0b:
      return cursor.s32();
    default:
      throw new RangeError(`pointer format ${format}: unknown`);
  }
}

/** Bytes of a pointer of this encoding; undefined where they vary. */
export function pointerSize(encoding: number): number | undefined {
  if ((encoding & BASE) === Base.aligned) return undefined;
  return { 0: 8, 2: 2, 3: 4, 4: 8, 10: 2, 11: 4, 12: 8 }[encoding & FORMAT];
}

/**
 * The pointer at the cursor: an address as the file is linked. Undefined when there is none, when it has to be looked
 * up in memory, or when it counts from something unknown. `dataBase` is what data-relative ones count from.
 */
export function readPointer(
  section: Section,
  cursor: Cursor,
  encoding: number,
  dataBase = Number.NaN,
): number | undefined {
  if (encoding === OMIT) return undefined;
  const base = encoding & BASE;
  if (base === Base.aligned) cursor.at += -(section.address + cursor.at) & 7;
  const here = section.address + cursor.at;
  const value = readValue(cursor, encoding & FORMAT);
  if ((encoding & INDIRECT) !== 0) return undefined;
  if (base === Base.absolute || base === Base.aligned) return value;
  if (base === Base.pc) return here + value;
  const address = base === Base.data ? dataBase + value : Number.NaN;
  return Number.isNaN(address) ? undefined : address;
}

/** The length of something that is written like a pointer: its format without its base. */
export function readLength(cursor: Cursor, encoding: number): number {
  return readValue(cursor, encoding & FORMAT);
}
