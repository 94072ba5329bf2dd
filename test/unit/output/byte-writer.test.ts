import fc from "fast-check";
import { ByteWriter } from "../../../src/output/byte-writer";

function written(write: (out: ByteWriter) => void): string {
  const out = new ByteWriter(256);
  write(out);
  return Buffer.from(out.take()).toString();
}

test("whole numbers are written as JavaScript writes them", () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), (value) => {
      expect(written((out) => out.integer(value))).toBe(String(value));
    }),
  );
  for (const value of [0, 9, 10, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER, -1])
    expect(written((out) => out.integer(value))).toBe(String(value));
});

test("64 bits in hexadecimal, from their halves", () => {
  fc.assert(
    fc.property(fc.bigInt(0n, 2n ** 64n - 1n), (value) => {
      const halves = [Number(value >> 32n), Number(value & 0xffff_ffffn)] as const;
      expect(written((out) => out.hex(...halves))).toBe(`0x${value.toString(16)}`);
    }),
  );
  expect(written((out) => out.hex(0, 0))).toBe("0x0");
});

test("digits have zeros in front", () => expect(written((out) => out.digits(42, 9))).toBe("000000042"));

test("text is UTF-8", () => expect(written((out) => out.text("é…"))).toBe("é…"));

test("columns are filled with blanks, at least one", () => {
  expect(
    written((out) => {
      out.ascii("ab");
      out.padTo(0, 4);
      out.ascii("long");
      out.padTo(4, 4);
      out.ascii("x");
    }),
  ).toBe("ab  long x");
});

test("what was taken is not taken again", () => {
  const out = new ByteWriter(8);
  out.ascii("one");
  expect(out.take()).toHaveLength(3);
  expect(out.take()).toHaveLength(0);
});
