/**
 * Text as bytes, put together in memory of our own: for a million lines a second, where a string for each field would
 * be most of the work. Nothing checks for room: whoever writes knows how much a line takes at most.
 */

const ZERO = 48;
const MINUS = 45;
const HEX = Buffer.from("0123456789abcdef");

export class ByteWriter {
  bytes: Buffer;
  /** Bytes written so far. */
  at = 0;

  constructor(size: number) {
    this.bytes = Buffer.allocUnsafe(size);
  }

  /** What was written since the last time; it is overwritten by what comes next. */
  take(): Uint8Array {
    const taken = this.bytes.subarray(0, this.at);
    this.at = 0;
    return taken;
  }

  /** Makes room for so many more bytes. */
  reserve(count: number): void {
    if (this.bytes.length - this.at >= count) return;
    const larger = Buffer.allocUnsafe(2 * this.bytes.length + count);
    this.bytes.copy(larger, 0, 0, this.at);
    this.bytes = larger;
  }

  /** One byte. */
  byte(code: number): void {
    this.bytes[this.at++] = code;
  }

  /** Letters of ASCII alone. */
  ascii(text: string): void {
    const { bytes, at } = this;
    for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
    this.at = at + text.length;
  }

  /** Any text, as UTF-8. */
  text(text: string): void {
    this.at += this.bytes.write(text, this.at);
  }

  /** Bytes as they are. */
  copy(source: Uint8Array): void {
    this.bytes.set(source, this.at);
    this.at += source.length;
  }

  /** A whole number from 0 to 2^53 − 1. */
  natural(value: number): void {
    if (value < 10) {
      this.byte(ZERO + value);
      return;
    }
    let digits = 1;
    for (let power = 10; power <= value; power *= 10) digits++;
    this.digits(value, digits);
  }

  /** The last `count` decimal digits of a whole number, with zeros in front. */
  digits(value: number, count: number): void {
    this.digitsAt(this.at, value, count);
    this.at += count;
  }

  /** The same over what was written from `start` on. */
  digitsAt(start: number, value: number, count: number): void {
    if (value < 0x1_0000_0000) {
      this.wordAt(start, value, count);
      return;
    }
    const above = Math.floor(value / 1e9);
    const low = Math.min(count, 9);
    this.digitsAt(start, above, count - low);
    this.wordAt(start + count - low, value - above * 1e9, low);
  }

  /** A whole number of either sign. */
  integer(value: number): void {
    if (value < 0) this.byte(MINUS);
    this.natural(Math.abs(value));
  }

  /** `0x` and the digits of 64 bits, from their halves. */
  hex(high: number, low: number): void {
    this.ascii("0x");
    if (high !== 0) this.hexWord(high, widthOf(high));
    this.hexWord(low, high === 0 ? widthOf(low) : 8);
  }

  /** Blanks up to `column`, counted from `start`; at least one. */
  padTo(start: number, column: number): void {
    do this.bytes[this.at++] = 32;
    while (this.at - start < column);
  }

  /** `digitsAt` for 32 bits: three times as fast where the engine knows that it divides integers. */
  private wordAt(start: number, value: number, count: number): void {
    const { bytes } = this;
    let rest = value >>> 0;
    for (let i = start + count - 1; i >= start; i--) {
      const quotient = (rest / 10) >>> 0;
      bytes[i] = ZERO + (rest - quotient * 10);
      rest = quotient;
    }
  }

  private hexWord(word: number, width: number): void {
    const { bytes, at } = this;
    let rest = word;
    for (let i = at + width - 1; i >= at; i--) {
      bytes[i] = HEX[rest & 15] as number;
      rest >>>= 4;
    }
    this.at = at + width;
  }
}

function widthOf(word: number): number {
  return word === 0 ? 1 : (35 - Math.clz32(word)) >>> 2;
}
