/** /proc/kallsyms taken apart: numbers in arrays, names where they are in the file. */
import { sortedOrder } from "./sorted-order";

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
/** The columns of the file, a place for each line. */
export interface Columns {
  readonly keys: Float64Array;
  /** Where the name begins in the file; it ends at a tab or a newline. */
  readonly names: Uint32Array;
  readonly types: Uint8Array;
  /** Index into the modules; 0 is the kernel. */
  readonly modules: Uint16Array;
}

/** What a file in the form of /proc/kallsyms holds. */
export interface ParsedKallsyms {
  /** In the order of the file. */
  readonly columns: Columns;
  /** The first is the kernel itself and has no name. */
  readonly moduleNames: readonly (string | undefined)[];
}

/** Lines are `ffffffff81000000 T name`, a module's have `\t[module]` behind; others are passed over. */
export function parseKallsyms(bytes: Buffer): ParsedKallsyms {
  const room = Math.ceil(bytes.length / SHORTEST_LINE);
  const keys = new Float64Array(room);
  const names = new Uint32Array(room);
  const types = new Uint8Array(room);
  const modules = new Uint16Array(room);
  const holders = new Map<string, number>();
  let count = 0;
  for (let line = 0; line + SHORTEST_LINE <= bytes.length + 1; ) {
    const key = parseAddress(bytes, line);
    if (key === undefined) {
      line = lineEnd(bytes, line) + 1;
      continue;
    }
    const end = nameEnd(bytes, line + NAME_AT);
    const next = bytes[end] === TAB ? lineEnd(bytes, end) : end;
    if (end > line + NAME_AT) {
      keys[count] = key;
      types[count] = bytes[line + TYPE_AT] as number;
      names[count] = line + NAME_AT;
      modules[count] = next > end ? numberOf(holders, bytes.toString("latin1", end + 2, next - 1)) : 0;
      count++;
    }
    line = next + 1;
  }
  const columns = {
    keys: keys.subarray(0, count),
    names: names.subarray(0, count),
    types: types.subarray(0, count),
    modules: modules.subarray(0, count),
  };
  return { columns, moduleNames: [undefined, ...holders.keys()] };
}

/** Modules are numbered from 1 as they come. */
function numberOf(holders: Map<string, number>, name: string): number {
  const known = holders.get(name);
  if (known !== undefined) return known;
  holders.set(name, holders.size + 1);
  return holders.size;
}

function lineEnd(bytes: Uint8Array, start: number): number {
  const end = bytes.indexOf(NEWLINE, start);
  return end === -1 ? bytes.length : end;
}

/** The symbols with this name, by rising line: the numbers of a line, and the name of its module. */
export function* linesNamed(
  bytes: Buffer,
  name: string,
): Generator<{ readonly key: number; readonly type: number; readonly module: string | undefined }> {
  const wanted = Buffer.from(` ${name}`, "latin1");
  for (let found = bytes.indexOf(wanted); found !== -1; found = bytes.indexOf(wanted, found + 1)) {
    const start = found + 1;
    const line = start - NAME_AT;
    const end = start + name.length;
    if (line < 0 || nameEnd(bytes, start) !== end || (line > 0 && bytes[line - 1] !== NEWLINE)) continue;
    const key = parseAddress(bytes, line);
    if (key === undefined) continue;
    const module =
      bytes[end] === TAB ? bytes.toString("latin1", end + 2, lineEnd(bytes, end) - 1) : undefined;
    yield { key, type: bytes[line + TYPE_AT] as number, module };
  }
}

/** The 16 digits that begin a symbol's line, as a key; undefined where the line is anything else. */
export function parseAddress(bytes: Uint8Array, line: number): number | undefined {
  if (bytes[line + DIGITS] !== BLANK || bytes[line + NAME_AT - 1] !== BLANK) return undefined;
  if (bytes[line + TYPE_AT] === NEWLINE) return undefined;
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

/** The columns by rising address. */
export function byAddress(columns: Columns): Columns {
  const order = sortedOrder(columns.keys);
  const keys = new Float64Array(order.length);
  const names = new Uint32Array(order.length);
  const types = new Uint8Array(order.length);
  const modules = new Uint16Array(order.length);
  for (let to = 0; to < order.length; to++) {
    const from = order[to] as number;
    keys[to] = columns.keys[from] as number;
    names[to] = columns.names[from] as number;
    types[to] = columns.types[from] as number;
    modules[to] = columns.modules[from] as number;
  }
  return { keys, names, types, modules };
}

/** Where the name that begins at `start` ends. */
export function nameEnd(bytes: Uint8Array, start: number): number {
  let end = start;
  while (end < bytes.length && bytes[end] !== NEWLINE && bytes[end] !== TAB) end++;
  return end;
}
