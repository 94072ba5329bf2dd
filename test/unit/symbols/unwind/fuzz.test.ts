/** Damaged information and stacks: never an error, never endless work. */
import fc from "fast-check";
import { ElfFile } from "../../../../src/symbols/elf/elf-file";
import { elfUnwindSource } from "../../../../src/symbols/unwind/elf-unwind-source";
import { evaluate } from "../../../../src/symbols/unwind/expression";
import { unwindMachine } from "../../../../src/symbols/unwind/machine";
import { UnwindInfo, type UnwindSource } from "../../../../src/symbols/unwind/unwind-info";
import { Unwinder } from "../../../../src/symbols/unwind/unwinder";
import { ADDRESS, ehFrame, START, sourceOf } from "./eh-frame";
import { mappedFile } from "./mapped-files";
import { stackCopy } from "./stack-copy";

const bytes = (maxLength: number) => fc.uint8Array({ maxLength });

/** Asks for rows here and there; what they say does not matter. */
function lookAround(info: UnwindInfo, addresses: readonly number[]): void {
  for (const address of addresses) info.rowAt(address);
}

test("sections of any bytes", () => {
  fc.assert(
    fc.property(bytes(400), bytes(100), fc.array(fc.nat(0x20000)), (frames, header, addresses) => {
      lookAround(new UnwindInfo(sourceOf({ ".eh_frame": frames })), addresses);
      lookAround(new UnwindInfo(sourceOf({ ".eh_frame": frames, ".eh_frame_hdr": header })), addresses);
    }),
  );
});

test("instructions of any bytes", () => {
  fc.assert(
    fc.property(bytes(200), bytes(200), fc.nat(255), (initial, code, at) => {
      const shape = { initial: [...initial], code: [...code] };
      new UnwindInfo(sourceOf({ ".eh_frame": ehFrame(shape) })).rowAt(START + at);
    }),
  );
});

test("expressions of any bytes", () => {
  fc.assert(
    fc.property(bytes(100), (code) => {
      const context = { register: (column: number) => column * 4096, word: (address: number) => address / 2 };
      try {
        expect(typeof evaluate(code, context)).toBe("number");
      } catch (error) {
        expect((error as Error).name).toBe("RangeError");
      }
    }),
  );
});

/** The sections of the dynamic linker, of which some bytes are overwritten. */
function damaged(source: UnwindSource, name: string, places: readonly (readonly [number, number])[]) {
  const section = source.section(name);
  if (section === undefined) throw new Error(`no ${name}`);
  const copy = Uint8Array.from(section.bytes);
  for (const [at, value] of places) copy[at % copy.length] = value;
  return { address: section.address, bytes: copy };
}

test("a real file with bytes overwritten, on stacks of any content", () => {
  using elf = ElfFile.open(mappedFile("ld-linux"));
  const source = elfUnwindSource(elf);
  const places = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 40 });
  const words = fc.array(fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.bigInt(0n, 0x30000n)));
  const machine = unwindMachine("x64");
  fc.assert(
    fc.property(
      places,
      places,
      words,
      fc.array(fc.bigInt(0n, 0x30000n), { minLength: 21, maxLength: 21 }),
      (frames, header, stack, registers) => {
        const info = new UnwindInfo({
          ...source,
          section: (name) => damaged(source, name, name === ".eh_frame" ? frames : header),
        });
        registers[machine.pcWord] = 0x1000n + (registers[machine.pcWord] as bigint);
        const code = { codeAt: (at: number) => (at < 0x40000 ? { bias: 0, info } : undefined) };
        const copy = stackCopy(BigUint64Array.from(registers), BigUint64Array.from(stack));
        expect(new Unwinder("x64").unwind(code, copy).length).toBeLessThan(1025);
      },
    ),
  );
});

test("entries that each name the same damaged CIE cost no more than their bytes", () => {
  // A CIE whose augmentation has no end, and 100,000 functions that refer to it.
  const functions = 100_000;
  const view = new DataView(new ArrayBuffer(64 + 16 * functions));
  view.setUint32(0, 60, true);
  for (let i = 9; i < 64; i++) view.setUint8(i, 0x7a);
  view.setUint8(8, 1);
  for (let at = 64; at < view.byteLength; at += 16) {
    view.setUint32(at, 12, true);
    view.setUint32(at + 4, at + 4, true);
  }
  const info = new UnwindInfo(sourceOf({ ".eh_frame": new Uint8Array(view.buffer) }));
  expect(info.rowAt(ADDRESS)).toBeUndefined();
});
