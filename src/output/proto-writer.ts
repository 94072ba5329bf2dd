/**
 * Protocol buffers' wire format, written field by field (https://protobuf.dev/programming-guides/encoding/). A message
 * inside of another gets four bytes for its length, which is filled in at its end: nothing is put together twice.
 */
import type { ByteWriter } from "./byte-writer";

const VARINT = 0;
const LENGTH_DELIMITED = 2;
/** Bytes of a length: enough for 2^28. */
const LENGTH = 4;
const MORE = 0x80;

/** A field with a whole number from 0 to 2^53 − 1. */
export function writeNatural(out: ByteWriter, field: number, value: number): void {
  writeTag(out, field, VARINT);
  varint(out, value);
}

/** A field with 64 bits in two halves, as unsigned or in two's complement. */
export function writeWord(out: ByteWriter, field: number, high: number, low: number): void {
  writeTag(out, field, VARINT);
  let [rest, above] = [low >>> 0, high >>> 0];
  while (above > 0 || rest >= MORE) {
    out.byte((rest & 127) | MORE);
    rest = ((rest >>> 7) | (above << 25)) >>> 0;
    above >>>= 7;
  }
  out.byte(rest);
}

/** A field with a signed number that a double holds exactly. */
export function writeInteger(out: ByteWriter, field: number, value: number): void {
  writeWord(out, field, Math.floor(value / 2 ** 32), value >>> 0);
}

/** A field with text. */
export function writeString(out: ByteWriter, field: number, text: string): void {
  writeBytes(out, field, Buffer.from(text));
}

/** A field with bytes, or with a message that was put together before. */
export function writeBytes(out: ByteWriter, field: number, bytes: Uint8Array): void {
  writeTag(out, field, LENGTH_DELIMITED);
  varint(out, bytes.length);
  out.copy(bytes);
}

/** Begins a message inside of the current one; the result is for `endMessage`. */
export function beginMessage(out: ByteWriter, field: number): number {
  writeTag(out, field, LENGTH_DELIMITED);
  out.at += LENGTH;
  return out.at;
}

/** Ends the message that began there. */
export function endMessage(out: ByteWriter, begin: number): void {
  let length = out.at - begin;
  // Padded with bytes that say that there is more: readers take any number of digits.
  for (let i = 0; i < LENGTH; i++) {
    out.bytes[begin - LENGTH + i] = (length & 127) | (i < LENGTH - 1 ? MORE : 0);
    length >>>= 7;
  }
}

function writeTag(out: ByteWriter, field: number, type: number): void {
  varint(out, field * 8 + type);
}

function varint(out: ByteWriter, value: number): void {
  let rest = value;
  while (rest >= MORE) {
    out.byte((rest % MORE) | MORE);
    rest = Math.floor(rest / MORE);
  }
  out.byte(rest);
}
