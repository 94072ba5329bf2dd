/**
 * Binary layouts that both sides of the kernel border share.
 *
 * A codec knows the size and the alignment of a C value and turns it into a JavaScript value and back.
 * `struct` lays its fields out as a C compiler for x86-64 and arm64 does (natural alignment, trailing
 * padding), so the same object gives the assembler its offsets, the map its sizes and the reader its
 * decoder. Everything is little-endian: both supported architectures are.
 */
export interface Codec<T> {
  /** Bytes one value takes, trailing padding included. */
  readonly size: number;
  /** Bytes its address must be a multiple of. */
  readonly align: number;
  decode(view: DataView, at: number): T;
  encode(view: DataView, at: number, value: T): void;
}

/** A codec whose value type does not matter: `unknown` would refuse the codecs of particular types. */
// biome-ignore lint/suspicious/noExplicitAny: a codec is both a producer and a consumer of its value
export type AnyCodec = Codec<any>;

/** The JavaScript type a codec decodes to. */
export type Decoded<C> = C extends Codec<infer T> ? T : never;

const LITTLE_ENDIAN = true;

function checkInteger(name: string, value: number, minimum: number, maximum: number): void {
  if (!Number.isInteger(value) || value < minimum || value > maximum)
    throw new RangeError(`${name}: ${value} is not an integer from ${minimum} to ${maximum}`);
}

type NumberAccess = "Uint8" | "Uint16" | "Uint32" | "Int8" | "Int16" | "Int32";

function integer(name: string, size: 1 | 2 | 4, access: NumberAccess, signed: boolean): Codec<number> {
  const maximum = 2 ** (8 * size - (signed ? 1 : 0)) - 1;
  const minimum = signed ? -maximum - 1 : 0;
  return {
    size,
    align: size,
    decode: (view, at) => view[`get${access}`](at, LITTLE_ENDIAN),
    encode: (view, at, value) => {
      checkInteger(name, value, minimum, maximum);
      view[`set${access}`](at, value, LITTLE_ENDIAN);
    },
  };
}

export const u8 = integer("u8", 1, "Uint8", false);
export const u16 = integer("u16", 2, "Uint16", false);
export const u32 = integer("u32", 4, "Uint32", false);
export const i8 = integer("i8", 1, "Int8", true);
export const i16 = integer("i16", 2, "Int16", true);
export const i32 = integer("i32", 4, "Int32", true);

/** An unsigned 64-bit value kept whole: identities, addresses, masks. */
export const u64: Codec<bigint> = {
  size: 8,
  align: 8,
  decode: (view, at) => view.getBigUint64(at, LITTLE_ENDIAN),
  encode: (view, at, value) => {
    if (BigInt.asUintN(64, value) !== value) throw new RangeError(`u64: ${value} does not fit`);
    view.setBigUint64(at, value, LITTLE_ENDIAN);
  },
};

/** A signed 64-bit value kept whole. */
export const i64: Codec<bigint> = {
  size: 8,
  align: 8,
  decode: (view, at) => view.getBigInt64(at, LITTLE_ENDIAN),
  encode: (view, at, value) => {
    if (BigInt.asIntN(64, value) !== value) throw new RangeError(`i64: ${value} does not fit`);
    view.setBigInt64(at, value, LITTLE_ENDIAN);
  },
};

/**
 * An unsigned 64-bit counter as a `number`: counts, nanoseconds, bytes.
 * Throws a RangeError above 2^53 − 1, where a `number` would silently lose units.
 */
export const count64: Codec<number> = {
  size: 8,
  align: 8,
  decode: (view, at) => {
    const value = view.getUint32(at + 4, LITTLE_ENDIAN) * 2 ** 32 + view.getUint32(at, LITTLE_ENDIAN);
    if (value > Number.MAX_SAFE_INTEGER) throw new RangeError(`count64: ${value} is above 2^53 - 1`);
    return value;
  },
  encode: (view, at, value) => {
    checkInteger("count64", value, 0, Number.MAX_SAFE_INTEGER);
    view.setUint32(at, value % 2 ** 32, LITTLE_ENDIAN);
    view.setUint32(at + 4, Math.floor(value / 2 ** 32), LITTLE_ENDIAN);
  },
};

/** `length` raw bytes; decoding copies them. */
export function bytes(length: number): Codec<Uint8Array> {
  checkInteger("bytes length", length, 0, 2 ** 31 - 1);
  return {
    size: length,
    align: 1,
    decode: (view, at) => new Uint8Array(view.buffer, view.byteOffset + at, length).slice(),
    encode: (view, at, value) => {
      if (value.length !== length) throw new RangeError(`bytes: got ${value.length}, need ${length}`);
      new Uint8Array(view.buffer, view.byteOffset + at, length).set(value);
    },
  };
}

const utf8 = new TextDecoder();
const toUtf8 = new TextEncoder();

/** A C string in a field of `length` bytes: up to the first NUL, zero-filled; UTF-8 with U+FFFD for bad bytes. */
export function cstring(length: number): Codec<string> {
  const raw = bytes(length);
  return {
    size: length,
    align: 1,
    decode: (view, at) => {
      const field = new Uint8Array(view.buffer, view.byteOffset + at, length);
      const end = field.indexOf(0);
      return utf8.decode(field.subarray(0, end < 0 ? length : end));
    },
    encode: (view, at, value) => {
      const encoded = toUtf8.encode(value);
      if (encoded.length >= length)
        throw new RangeError(`cstring: "${value}" needs ${encoded.length + 1} bytes of ${length}`);
      const field = new Uint8Array(length);
      field.set(encoded);
      raw.encode(view, at, field);
    },
  };
}

/** `length` unsigned 64-bit words as one typed array: many counters, read fast. Decoding copies them. */
export function words(length: number): Codec<BigUint64Array> {
  const raw = bytes(length * 8);
  return {
    size: raw.size,
    align: 8,
    decode: (view, at) => new BigUint64Array(raw.decode(view, at).buffer),
    encode: (view, at, value) =>
      raw.encode(view, at, new Uint8Array(value.buffer, value.byteOffset, value.byteLength)),
  };
}

/** `length` values of one codec, back to back. */
export function array<T>(element: Codec<T>, length: number): Codec<T[]> {
  checkInteger("array length", length, 0, 2 ** 31 - 1);
  return {
    size: element.size * length,
    align: element.align,
    decode: (view, at) => Array.from({ length }, (_, i) => element.decode(view, at + i * element.size)),
    encode: (view, at, value) => {
      if (value.length !== length)
        throw new RangeError(`array: got ${value.length} elements, need ${length}`);
      value.forEach((item, i) => {
        element.encode(view, at + i * element.size, item);
      });
    },
  };
}

type Values<F> = { -readonly [K in keyof F]: Decoded<F[K]> };

/** A struct codec also tells where each field stands. */
export interface StructCodec<F> extends Codec<Values<F>> {
  readonly fields: F;
  /** Byte offset of each field, for the assembler. */
  readonly offsets: Readonly<Record<keyof F, number>>;
  /** Bytes that belong to no field. A hash key must have none left unwritten: they are compared too. */
  readonly holes: number;
}

function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}

/**
 * A C struct of these fields in this order. Errors while coding name the field they happened in.
 *
 *     const Key = struct({ pid: u32, nr: u32 });
 *     Key.size === 8; Key.offsets.nr === 4;
 */
export function struct<F extends { readonly [K in keyof F]: AnyCodec }>(fields: F): StructCodec<F> {
  const entries = Object.entries(fields) as unknown as [keyof F & string, Codec<unknown>][];
  const offsets = {} as Record<keyof F, number>;
  let end = 0;
  let used = 0;
  let align = 1;
  for (const [name, codec] of entries) {
    offsets[name] = roundUp(end, codec.align);
    end = offsets[name] + codec.size;
    used += codec.size;
    align = Math.max(align, codec.align);
  }
  const size = roundUp(end, align);
  // One handler around all fields: decoding is on the way of every record of a stream.
  const inField = (name: string | undefined, error: unknown): unknown =>
    error instanceof RangeError ? new RangeError(`${name}: ${error.message}`, { cause: error }) : error;
  return {
    fields,
    offsets,
    size,
    align,
    holes: size - used,
    decode: (view, at) => {
      const value = {} as Record<string, unknown>;
      let field: string | undefined;
      try {
        for (const [name, codec] of entries) {
          field = name;
          value[name] = codec.decode(view, at + offsets[name]);
        }
      } catch (error) {
        throw inField(field, error);
      }
      return value as Values<F>;
    },
    encode: (view, at, value) => {
      new Uint8Array(view.buffer, view.byteOffset + at, size).fill(0);
      let field: string | undefined;
      try {
        for (const [name, codec] of entries) {
          field = name;
          codec.encode(view, at + offsets[name], value[name]);
        }
      } catch (error) {
        throw inField(field, error);
      }
    },
  };
}

/** The value as bytes of its own. */
export function encoded<T>(codec: Codec<T>, value: T): Uint8Array {
  const out = new Uint8Array(codec.size);
  codec.encode(new DataView(out.buffer), 0, value);
  return out;
}

/** The value at the start of these bytes. */
export function decoded<T>(codec: Codec<T>, from: Uint8Array): T {
  if (from.length < codec.size) throw new RangeError(`decode: got ${from.length} bytes, need ${codec.size}`);
  return codec.decode(new DataView(from.buffer, from.byteOffset, from.byteLength), 0);
}
