import fc from "fast-check";
import {
  array,
  bytes,
  type Codec,
  count64,
  cstring,
  decoded,
  encoded,
  i8,
  i16,
  i32,
  i64,
  struct,
  u8,
  u16,
  u32,
  u64,
  words,
} from "../../../src/core/codec";

const hex = (from: Uint8Array) => Buffer.from(from).toString("hex");
const unhex = (text: string) => new Uint8Array(Buffer.from(text, "hex"));

const Point = struct({ kind: u8, x: u32, flags: u16 });

const cases: readonly (readonly [string, Codec<never>, unknown, string])[] = (
  [
    ["u8", u8, 255, "ff"],
    ["u16", u16, 0x1234, "3412"],
    ["u32", u32, 0xffff_fffe, "feffffff"],
    ["u64", u64, 2n ** 64n - 2n, "feffffffffffffff"],
    ["i8", i8, -1, "ff"],
    ["i16", i16, -2, "feff"],
    ["i32", i32, -(2 ** 31), "00000080"],
    ["i64", i64, -(2n ** 63n), "0000000000000080"],
    ["count64", count64, 2 ** 53 - 1, "ffffffffffff1f00"],
    ["count64 above 2^32", count64, 2 ** 32 + 5, "0500000001000000"],
    ["bytes", bytes(3), unhex("010203"), "010203"],
    ["no bytes", bytes(0), unhex(""), ""],
    ["cstring", cstring(6), "käse", "6bc3a4736500"],
    ["empty cstring", cstring(4), "", "00000000"],
    ["words", words(2), new BigUint64Array([1n, 2n ** 63n]), "01000000000000000000000000000080"],
    ["array", array(u16, 3), [1, 2, 3], "010002000300"],
    ["struct with padding", Point, { kind: 1, x: 2, flags: 3 }, "010000000200000003000000"],
    [
      "struct in a struct",
      struct({ a: u8, p: Point }),
      { a: 9, p: { kind: 1, x: 2, flags: 3 } },
      "09000000010000000200000003000000",
    ],
  ] as const
).map(([name, codec, value, text]) => [name, codec as unknown as Codec<never>, value, text] as const);

test.each(cases)("%s both ways", (_name, codec, value, text) => {
  expect(codec.size).toBe(text.length / 2);
  expect(hex(encoded(codec as Codec<unknown>, value))).toBe(text);
  expect(decoded(codec, unhex(text))).toEqual(value);
});

test.each<[string, () => unknown]>([
  ["u8 256", () => encoded(u8, 256)],
  ["u8 −1", () => encoded(u8, -1)],
  ["u16 1.5", () => encoded(u16, 1.5)],
  ["u32 2^32", () => encoded(u32, 2 ** 32)],
  ["u32 NaN", () => encoded(u32, Number.NaN)],
  ["i8 128", () => encoded(i8, 128)],
  ["i32 2^31", () => encoded(i32, 2 ** 31)],
  ["u64 −1", () => encoded(u64, -1n)],
  ["u64 2^64", () => encoded(u64, 2n ** 64n)],
  ["i64 2^63", () => encoded(i64, 2n ** 63n)],
  ["count64 2^53", () => encoded(count64, 2 ** 53)],
  ["count64 above 2^53 read", () => decoded(count64, unhex("0000000000002000"))],
  ["bytes of another length", () => encoded(bytes(2), unhex("01"))],
  ["cstring without room for its NUL", () => encoded(cstring(4), "käs")],
  ["array of another length", () => encoded(array(u8, 2), [1])],
  ["too few bytes", () => decoded(u32, unhex("010203"))],
  ["a negative length", () => bytes(-1)],
])("refused: %s", (_name, run) => expect(run).toThrow(RangeError));

test("a field's error names the way to it", () => {
  const Outer = struct({ inner: struct({ pid: u32 }) });
  expect(() => encoded(Outer, { inner: { pid: -1 } })).toThrow(
    "inner: pid: u32: -1 is not an integer from 0 to 4294967295",
  );
});

test.each([
  ["cut at the NUL", "6162006364", "ab"],
  ["without a NUL", "6162636465", "abcde"],
  ["with a character cut in two", "61c3000000", "a\ufffd"],
])("a C string %s", (_name, text, expected) => expect(decoded(cstring(5), unhex(text))).toBe(expected));

describe("struct", () => {
  test.each<[string, ReturnType<typeof struct>, Record<string, number>, number, number, number]>([
    ["none", struct({}), {}, 0, 1, 0],
    ["packed by nature", struct({ a: u32, b: u32 }), { a: 0, b: 4 }, 8, 4, 0],
    ["a hole", struct({ a: u8, b: u64 }), { a: 0, b: 8 }, 16, 8, 7],
    ["an end", struct({ a: u64, b: u8 }), { a: 0, b: 8 }, 16, 8, 7],
    ["text does not align", struct({ a: u8, b: cstring(16), c: u16 }), { a: 0, b: 1, c: 18 }, 20, 2, 1],
  ])("%s, as a C compiler lays it out", (_name, codec, offsets, size, align, holes) =>
    expect({ offsets: codec.offsets, size: codec.size, align: codec.align, holes: codec.holes }).toEqual({
      offsets,
      size,
      align,
      holes,
    }),
  );

  test("padding is written as zero over what was there", () => {
    const memory = new Uint8Array(Point.size + 2).fill(0xff);
    Point.encode(new DataView(memory.buffer), 1, { kind: 1, x: 2, flags: 3 });
    expect(hex(memory)).toBe("ff010000000200000003000000ff");
  });

  test("any value comes back, wherever it lies", () => {
    const Any = struct({ a: u8, b: i64, c: count64, d: cstring(8), e: array(i16, 2), f: u32 });
    fc.assert(
      fc.property(
        fc.record({
          a: fc.integer({ min: 0, max: 255 }),
          b: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
          c: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
          d: fc
            .string({ maxLength: 7 })
            .filter((text) => !text.includes("\0") && Buffer.byteLength(text) < 8),
          e: fc.tuple(fc.integer({ min: -32768, max: 32767 }), fc.integer({ min: -32768, max: 32767 })),
          f: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
        }),
        fc.nat({ max: 9 }),
        (value, at) => {
          const view = new DataView(new ArrayBuffer(Any.size + 10));
          Any.encode(view, at, value);
          expect(Any.decode(view, at)).toEqual(value);
        },
      ),
    );
  });
});

test("what was decoded is a copy", () => {
  const memory = unhex("0102030405060708");
  const copy = decoded(bytes(8), memory);
  const words64 = decoded(words(1), memory);
  memory.fill(0);
  expect(hex(copy)).toBe("0102030405060708");
  expect(words64[0]).toBe(0x0807_0605_0403_0201n);
});
