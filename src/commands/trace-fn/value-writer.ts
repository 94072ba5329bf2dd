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

/** Writes a word: what it is, or the address of what could not be read. */
export function writeValue(
  out: ByteWriter,
  dialect: Dialect,
  form: ValueForm,
  view: DataView,
  at: number,
): void {
  switch (form.kind) {
    case "int":
      if (form.swapped === true) writeSwapped(out, dialect, form.size, view, at);
      else if (form.size === 8) writeInt64(out, dialect, form.signed, view, at);
      else out.integer(smallInt(form.size, form.signed, view, at));
      return;
    case "hex":
      writeHex(out, dialect, view, at, form.size);
      return;
    case "bool":
      out.ascii(view.getUint8(at) === 0 ? "false" : "true");
      return;
    case "enum":
      writeEnum(out, dialect, form, view, at);
      return;
    case "octal":
      writeName(out, dialect, octalText(integerAt(form.size, false, view, at)));
      return;
    case "flags":
      writeFlags(out, dialect, form, view, at);
      return;
    default:
      writeHex(out, dialect, view, at);
  }
}

function writeName(out: ByteWriter, dialect: Dialect, name: string): void {
  out.text(dialect === "json" ? JSON.stringify(name) : name);
}

function octalText(value: number): string {
  return value === 0 ? "0" : `0${value.toString(8)}`;
}

function writeEnum(
  out: ByteWriter,
  dialect: Dialect,
  { size, signed, names }: Extract<ValueForm, { kind: "enum" }>,
  view: DataView,
  at: number,
): void {
  const value = integerAt(size, signed, view, at);
  const name = names.get(value);
  if (name === undefined) out.integer(value);
  else writeName(out, dialect, name);
}

/** What has more than 32 bits are no flags that anybody knows. */
function writeFlags(
  out: ByteWriter,
  dialect: Dialect,
  { size, set }: Extract<ValueForm, { kind: "flags" }>,
  view: DataView,
  at: number,
): void {
  if (size === 8 && view.getUint32(at + 4, true) !== 0) writeHex(out, dialect, view, at);
  else writeName(out, dialect, flagText(set, smallInt(size === 8 ? 4 : size, false, view, at)));
}

function writeSwapped(out: ByteWriter, dialect: Dialect, size: Size, view: DataView, at: number): void {
  if (size === 8) out.ascii(numberText(dialect, view.getBigUint64(at)));
  else out.integer(size === 4 ? view.getUint32(at) : view.getUint16(at));
}

function numberText(dialect: Dialect, value: bigint): string {
  return dialect === "json" ? jsonText(value) : value.toString();
}

/** Exact as far as doubles are. */
function integerAt(size: Size, signed: boolean, view: DataView, at: number): number {
  return size === 8 ? Number(view.getBigInt64(at, true)) : smallInt(size, signed, view, at);
}

function smallInt(size: 1 | 2 | 4, signed: boolean, view: DataView, at: number): number {
  if (size === 4) return signed ? view.getInt32(at, true) : view.getUint32(at, true);
  if (size === 2) return signed ? view.getInt16(at, true) : view.getUint16(at, true);
  return signed ? view.getInt8(at) : view.getUint8(at);
}

function writeInt64(out: ByteWriter, dialect: Dialect, signed: boolean, view: DataView, at: number): void {
  const low = view.getUint32(at, true);
  const high = view.getUint32(at + 4, true);
  if (high === 0) out.natural(low);
  else if (signed && high === ALL_ONES && low !== 0) out.integer(low - 2 ** 32);
  else {
    const value = signed ? view.getBigInt64(at, true) : view.getBigUint64(at, true);
    out.ascii(numberText(dialect, value));
  }
}

function writeHex(out: ByteWriter, dialect: Dialect, view: DataView, at: number, size = 8): void {
  if (dialect === "json") out.byte(QUOTE);
  const low =
    size === 8 || size === 4
      ? view.getUint32(at, true)
      : size === 2
        ? view.getUint16(at, true)
        : view.getUint8(at);
  out.hex(size === 8 ? view.getUint32(at + 4, true) : 0, low);
  if (dialect === "json") out.byte(QUOTE);
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
