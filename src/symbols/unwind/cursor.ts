/**
 * Reads through the bytes of a section, little-endian. Reading past the end throws a RangeError, as a DataView does:
 * whoever starts to read damaged information catches it once.
 *
 * Addresses are numbers: those of user space end far below 2^53.
 */

/** Bytes of a LEB128 number of 64 bits at most. */
const LONGEST_LEB = 10;

export class Cursor {
  constructor(
    readonly view: DataView,
    /** The next byte. */
    public at: number,
    /** Where the entry ends that is read. */
    readonly end: number = view.byteLength,
  ) {}

  get done(): boolean {
    return this.at >= this.end;
  }

  u8(): number {
    return this.view.getUint8(this.at++);
  }

  u16(): number {
    this.at += 2;
    return this.view.getUint16(this.at - 2, true);
  }

  u32(): number {
    this.at += 4;
    return this.view.getUint32(this.at - 4, true);
  }

  s8(): number {
    return this.view.getInt8(this.at++);
  }

  s16(): number {
    this.at += 2;
    return this.view.getInt16(this.at - 2, true);
  }

  s32(): number {
    this.at += 4;
    return this.view.getInt32(this.at - 4, true);
  }

  /** Exact up to 2^53. */
  u64(): number {
    const low = this.u32();
    return this.u32() * 2 ** 32 + low;
  }

  /** Exact from −2^53 to 2^53. */
  s64(): number {
    const low = this.u32();
    return this.s32() * 2 ** 32 + low;
  }

  /** An unsigned LEB128 number, exact up to 2^53. */
  uleb(): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < LONGEST_LEB; i++, scale *= 128) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    throw new RangeError(`LEB128 number: longer than ${LONGEST_LEB} bytes`);
  }

  /** A signed LEB128 number, exact from −2^53 to 2^53. */
  sleb(): number {
    let value = 0;
    // The same bits negated: −1 in ten bytes would not be exact as a difference of large numbers.
    let negated = 0;
    let scale = 1;
    for (let i = 0; i < LONGEST_LEB; i++, scale *= 128) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      negated += (~byte & 0x7f) * scale;
      if (byte < 0x80) return (byte & 0x40) === 0 ? value : -negated - 1;
    }
    throw new RangeError(`LEB128 number: longer than ${LONGEST_LEB} bytes`);
  }

  /** The next `length` bytes, where they lie. */
  bytes(length: number): Uint8Array {
    if (!(length <= this.end - this.at)) throw new RangeError(`${length} bytes: behind the end`);
    const bytes = new Uint8Array(this.view.buffer, this.view.byteOffset + this.at, length);
    this.at += length;
    return bytes;
  }

  /** Text up to a NUL, of at most `longest` bytes. */
  text(longest: number): string {
    let text = "";
    for (let byte = this.u8(); byte !== 0; byte = this.u8()) {
      if (text.length === longest) throw new RangeError(`text: longer than ${longest} bytes`);
      text += String.fromCharCode(byte);
    }
    return text;
  }
}
