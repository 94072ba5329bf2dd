/** Damaged files: a typed error or an answer, never anything else, and never without end. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { ElfFile } from "../../../../src/symbols/elf/elf-file";
import { ElfModule } from "../../../../src/symbols/elf/elf-module";
import { ElfError } from "../../../../src/symbols/elf/error";
import { MemorySource } from "../../../../src/symbols/elf/source";
import { Workshop } from "../compiled";

const workshop = new Workshop();
afterAll(() => workshop[Symbol.dispose]());

const whole = (() => {
  const path = workshop.compile(
    "victim",
    "int f(int x) { return x; } int main(void) { return f(2); }",
    "-O1",
  );
  return readFileSync(path);
})();
const HEADER = 64;

/** Asks for everything; anything but an ElfError comes through. */
function survives(bytes: Uint8Array): void {
  const tries = [
    (elf: ElfFile) => elf.buildId,
    (elf: ElfFile) => elf.debugLink,
    (elf: ElfFile) => elf.section(".text") && elf.addressOf(0x1000),
    (elf: ElfFile) => elf.offsetOf(0x1000),
    (elf: ElfFile) => elf.sections.map((section) => elf.read(section)),
    (elf: ElfFile) => elf.functions?.named("main"),
    (elf: ElfFile) => elf.exportedFunctions?.find(0x1000),
    (elf: ElfFile) => [...(elf.functions?.matching(/a/) ?? [])],
  ];
  let elf: ElfFile;
  try {
    elf = new ElfFile(new MemorySource(Buffer.from(bytes), "fuzzed"));
  } catch (error) {
    if (error instanceof ElfError) return;
    throw error;
  }
  for (const use of tries) {
    try {
      use(elf);
    } catch (error) {
      if (!(error instanceof ElfError)) throw error;
    }
  }
  // A module has no errors at all: what is damaged is absent.
  const module = new ElfModule(elf, "/nonexistent", ["/nonexistent"]);
  module.find(0x1000);
  module.named("main");
}

test("the whole file answers", () => {
  using elf = new ElfFile(new MemorySource(whole, "whole"));
  expect(elf.functions?.named("main")).toHaveLength(1);
});

test("cut off anywhere", () => {
  for (let length = 0; length < whole.length; length += 61) survives(whole.subarray(0, length));
});

test("random bytes behind a valid beginning", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) =>
      survives(Buffer.concat([whole.subarray(0, HEADER), bytes])),
    ),
  );
});

test("changed numbers in the headers, sections and symbols", () => {
  const sections = Number(whole.readBigUInt64LE(40));
  const places = fc.oneof(
    fc.nat(HEADER - 8),
    fc.nat(600),
    fc.nat(whole.length - sections - 8).map((at) => sections + at),
    fc.nat(whole.length - 8),
  );
  const values = fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.bigInt({ min: 0n, max: 65536n }));
  const change = fc.tuple(places, values, fc.constantFrom(1, 2, 4, 8));
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 5 }), (changes) => {
      const bytes = Buffer.from(whole);
      for (const [at, value, width] of changes) {
        const word = Buffer.alloc(8);
        word.writeBigUInt64LE(value);
        word.copy(bytes, at, 0, width);
      }
      survives(bytes);
    }),
    { numRuns: 2000 },
  );
});
