/** Words and texts of records, as each form of output shows them. */
import type { ByteWriter } from "../../output/byte-writer";
import { harmless } from "../../output/harmless";
import { jsonText } from "../../output/json";
import { flagText } from "../../probes/calls/flag-set";
import type { Size, ValueForm } from "../../probes/calls/value-form";

/** For people, for JSON, or for a field of CSV. */
export type Dialect = "text" | "json" | "csv";

const QUOTE = 34;
const ALL_ONES = 0xffff_ffff;

/** Writes what lies at `at`, or behind it. */
export type Write = (out: ByteWriter, view: DataView, at: number) => void;

/**
 * What writes words of this form that lie `offset` behind where it is told to look: what they are, or the address of what
 * could not be read. Whatever the form decides is decided here, once, and not for each call.
 */
export function valueWriter(dialect: Dialect, form: ValueForm, offset = 0): Write {
  switch (form.kind) {
    case "int":
      return intWriter(dialect, form, offset);
    case "hex":
      return hexWriter(dialect, form.size, offset);
    case "bool":
      return (out, view, at) => out.ascii(view.getUint8(at + offset) === 0 ? "false" : "true");
    case "enum":
      return enumWriter(dialect, form, offset);
    case "octal": {
      const read = integerReader(form.size, false);
      return (out, view, at) => writeName(out, dialect, octalText(read(view, at + offset)));
    }
    case "flags":
      return flagsWriter(dialect, form, offset);
    default:
      return hexWriter(dialect, 8, offset);
  }
}

function intWriter(
  dialect: Dialect,
  { size, signed, swapped = false }: Extract<ValueForm, { kind: "int" }>,
  offset: number,
): Write {
  if (size === 8 && !swapped) return longWriter(dialect, signed, offset);
  if (size === 8)
    return (out, view, at) => out.ascii(numberText(dialect, view.getBigUint64(at + offset, false)));
  const read = numberReader(size, signed, !swapped);
  return (out, view, at) => out.integer(read(view, at + offset));
}

function longWriter(dialect: Dialect, signed: boolean, offset: number): Write {
  return (out, view, at) => {
    const low = view.getUint32(at + offset, true);
    const high = view.getUint32(at + offset + 4, true);
    if (high === 0) out.natural(low);
    else if (signed && high === ALL_ONES && low !== 0) out.integer(low - 2 ** 32);
    else {
      const value = signed ? view.getBigInt64(at + offset, true) : view.getBigUint64(at + offset, true);
      out.ascii(numberText(dialect, value));
    }
  };
}

function numberText(dialect: Dialect, value: bigint): string {
  return dialect === "json" ? jsonText(value) : value.toString();
}

function hexWriter(dialect: Dialect, size: Size, offset: number): Write {
  const quote = dialect === "json";
  const long = size === 8;
  const read = numberReader(long ? 4 : size, false, true);
  return (out, view, at) => {
    if (quote) out.byte(QUOTE);
    out.hex(long ? view.getUint32(at + offset + 4, true) : 0, read(view, at + offset));
    if (quote) out.byte(QUOTE);
  };
}

/** Names of C, and what is made of them: nothing in them needs an escape. */
function writeName(out: ByteWriter, dialect: Dialect, name: string): void {
  if (dialect === "json") out.byte(QUOTE);
  out.ascii(name);
  if (dialect === "json") out.byte(QUOTE);
}

function octalText(value: number): string {
  return value === 0 ? "0" : `0${value.toString(8)}`;
}

function enumWriter(
  dialect: Dialect,
  { size, signed, names }: Extract<ValueForm, { kind: "enum" }>,
  offset: number,
): Write {
  const read = integerReader(size, signed);
  return (out, view, at) => {
    const value = read(view, at + offset);
    const name = names.get(value);
    if (name === undefined) out.integer(value);
    else writeName(out, dialect, name);
  };
}

/** What have more than 32 bits are no flags that anybody knows. */
function flagsWriter(
  dialect: Dialect,
  { size, set }: Extract<ValueForm, { kind: "flags" }>,
  offset: number,
): Write {
  const writeHex = hexWriter(dialect, 8, offset);
  const read = numberReader(size === 8 ? 4 : size, false, true);
  return (out, view, at) => {
    if (size === 8 && view.getUint32(at + offset + 4, true) !== 0) writeHex(out, view, at);
    else writeName(out, dialect, flagText(set, read(view, at + offset)));
  };
}

type Read = (view: DataView, at: number) => number;

/** Exact as far as doubles are. */
function integerReader(size: Size, signed: boolean): Read {
  return size === 8 ? (view, at) => Number(view.getBigInt64(at, true)) : numberReader(size, signed, true);
}

function numberReader(size: 1 | 2 | 4, signed: boolean, little: boolean): Read {
  if (size === 4)
    return signed ? (view, at) => view.getInt32(at, little) : (view, at) => view.getUint32(at, little);
  if (size === 2)
    return signed ? (view, at) => view.getInt16(at, little) : (view, at) => view.getUint16(at, little);
  return signed ? (view, at) => view.getInt8(at) : (view, at) => view.getUint8(at);
}

/** Writes a text that was put together here. */
export function writeString(out: ByteWriter, dialect: Dialect, text: string): void {
  out.text(escaped(text, dialect));
}

/** Letters that need no escape in any dialect, the commonest by far. */
function isPlain(code: number): boolean {
  return code >= 32 && code < 127 && code !== QUOTE && code !== 44 && code !== 92;
}

/** Writes `length` bytes of text; what was cut off is shown as `…`. */
export function writeText(
  out: ByteWriter,
  dialect: Dialect,
  view: DataView,
  at: number,
  length: number,
  isCut: boolean,
): void {
  const quoted = dialect !== "csv";
  const begin = out.at;
  if (quoted) out.byte(QUOTE);
  for (let i = 0; i < length; i++) {
    const code = view.getUint8(at + i);
    if (!isPlain(code)) {
      out.at = begin;
      out.text(escaped(Buffer.from(view.buffer, view.byteOffset + at, length).toString(), dialect, isCut));
      return;
    }
    out.byte(code);
  }
  if (isCut) out.text("…");
  if (quoted) out.byte(QUOTE);
}

/** Text that holds something special. */
export function escaped(text: string, dialect: Dialect, isCut = false): string {
  const whole = isCut ? `${text}…` : text;
  if (dialect === "json") return jsonText(whole);
  if (dialect === "csv") return /[",\r\n]/.test(whole) ? `"${whole.replaceAll('"', '""')}"` : whole;
  return `"${harmless(whole).replaceAll('"', '\\"')}"`;
}

/** Writes the name of a task: 16 bytes that end at the first NUL. */
export function writeComm(out: ByteWriter, dialect: Dialect, view: DataView, at: number): void {
  const begin = out.at;
  if (dialect === "json") out.byte(QUOTE);
  for (let i = 0; i < 16; i++) {
    const code = view.getUint8(at + i);
    if (code === 0) break;
    if (!isPlain(code)) {
      out.at = begin;
      const name = Buffer.from(view.buffer, view.byteOffset + at, 16).toString();
      const text = name.slice(0, Math.max(0, `${name}\0`.indexOf("\0")));
      out.text(dialect === "text" ? harmless(text) : escaped(text, dialect));
      return;
    }
    out.byte(code);
  }
  if (dialect === "json") out.byte(QUOTE);
}
