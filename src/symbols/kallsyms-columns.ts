/** /proc/kallsyms taken apart: its lines and their addresses. What else a line says is read when somebody asks. */
import { isAscending, sortedOrder } from "./sorted-order";

const NEWLINE = 10;
const BLANK = 32;
const TAB = 9;
/** Digits of an address, and of a half of it. */
const DIGITS = 16;
const WORD_DIGITS = 8;
const TYPE_AT = DIGITS + 1;
const NAME_AT = DIGITS + 3;
/** With a name of one letter and the newline. */
const SHORTEST_LINE = NAME_AT + 2;
/** The value of each byte as a digit; −1 for those that are none. */
const DIGIT_VALUES = Int8Array.from({ length: 256 }, (_value, byte) =>
  "0123456789abcdef".indexOf(String.fromCharCode(byte)),
);

/** The symbols of a file in the form of /proc/kallsyms, a place for each. */
export interface Columns {
  readonly keys: Float64Array;
  /** Where the symbol's line begins in the file. */
  readonly lines: Uint32Array;
}

/** The symbols in the order of the file. */
export function parseKallsyms(bytes: Buffer): Columns {
  return new KallsymsParser().finish(bytes);
}

/**
 * Takes a file apart while it comes. Lines are `ffffffff81000000 T name`, a module's have `\t[module]` behind; others
 * are passed over.
 */
export class KallsymsParser {
  private keys = new Float64Array();
  private lines = new Uint32Array();
  private count = 0;
  /** Where the first line begins that was not taken apart yet. */
  private at = 0;

  /** Takes the whole lines apart that have come since the last call. `bytes` is the file from its beginning. */
  parse(bytes: Buffer): void {
    this.parseTo(bytes, bytes.lastIndexOf(NEWLINE) + 1);
  }

  /** The last call: what `bytes` ends with may be a line without its newline. */
  finish(bytes: Buffer): Columns {
    this.parseTo(bytes, bytes.length);
    return { keys: this.keys.subarray(0, this.count), lines: this.lines.subarray(0, this.count) };
  }

  private parseTo(bytes: Buffer, limit: number): void {
    this.makeRoom(limit - this.at);
    const { keys, lines } = this;
    let { at, count } = this;
    while (at + SHORTEST_LINE <= limit + 1) {
      const key = parseAddress(bytes, at);
      if (key === undefined) {
        at = lineEnd(bytes, at) + 1;
        continue;
      }
      keys[count] = key;
      lines[count] = at;
      count++;
      at = lineEnd(bytes, at + NAME_AT) + 1;
    }
    this.at = at;
    this.count = count;
  }

  /** For whatever may be in so many bytes more. */
  private makeRoom(length: number): void {
    const needed = this.count + Math.ceil(length / SHORTEST_LINE);
    if (needed <= this.keys.length) return;
    const { keys, lines } = this;
    const room = Math.max(needed, 2 * keys.length);
    this.keys = new Float64Array(room);
    this.keys.set(keys);
    this.lines = new Uint32Array(room);
    this.lines.set(lines);
  }
}

/** The lines of the symbols with this name, rising. */
export function* linesNamed(bytes: Buffer, name: string): Generator<number> {
  const wanted = Buffer.from(` ${name}`, "latin1");
  for (let found = bytes.indexOf(wanted); found !== -1; found = bytes.indexOf(wanted, found + 1)) {
    const start = found + 1;
    const line = start - NAME_AT;
    if (line < 0 || nameEnd(bytes, line) !== start + name.length) continue;
    if (line === 0 || bytes[line - 1] === NEWLINE) yield line;
  }
}

/** The address at which a line begins, as a key; undefined where the line is not that of a symbol. */
export function parseAddress(bytes: Uint8Array, line: number): number | undefined {
  if (bytes[line + DIGITS] !== BLANK || bytes[line + NAME_AT - 1] !== BLANK) return undefined;
  if (bytes[line + TYPE_AT] === NEWLINE || endsName(bytes[line + NAME_AT])) return undefined;
  let high = 0;
  let low = 0;
  for (let at = line; at < line + WORD_DIGITS; at++) {
    const one = DIGIT_VALUES[bytes[at] as number] as number;
    const other = DIGIT_VALUES[bytes[at + WORD_DIGITS] as number] as number;
    if ((one | other) < 0) return undefined;
    high = (high << 4) | one;
    low = (low << 4) | other;
  }
  return high * 2 ** 32 + (low >>> 0);
}

/** The columns by rising address: the same ones if they are in that order. */
export function byAddress(columns: Columns): Columns {
  if (isAscending(columns.keys)) return columns;
  const order = sortedOrder(columns.keys);
  const keys = new Float64Array(order.length);
  const lines = new Uint32Array(order.length);
  for (let to = 0; to < order.length; to++) {
    const from = order[to] as number;
    keys[to] = columns.keys[from] as number;
    lines[to] = columns.lines[from] as number;
  }
  return { keys, lines };
}

/** The letter that nm(1) has for what it is. */
export function typeOf(bytes: Uint8Array, line: number): number {
  return bytes[line + TYPE_AT] as number;
}

export function nameOf(bytes: Buffer, line: number): string {
  return bytes.toString("latin1", line + NAME_AT, nameEnd(bytes, line));
}

/** The module that a symbol belongs to; undefined for the kernel itself. */
export function moduleOf(bytes: Buffer, line: number): string | undefined {
  const end = nameEnd(bytes, line);
  return bytes[end] === TAB ? bytes.toString("latin1", end + 2, lineEnd(bytes, end) - 1) : undefined;
}

function nameEnd(bytes: Uint8Array, line: number): number {
  let end = line + NAME_AT;
  while (!endsName(bytes[end])) end++;
  return end;
}

function endsName(byte: number | undefined): boolean {
  return byte === NEWLINE || byte === TAB || byte === undefined;
}

function lineEnd(bytes: Uint8Array, start: number): number {
  let end = start;
  while (end < bytes.length && bytes[end] !== NEWLINE) end++;
  return end;
}
