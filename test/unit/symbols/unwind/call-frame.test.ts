/** Call frame instructions and pointer encodings that the files at hand do not have. */
import fc from "fast-check";
import type { Row } from "../../../../src/symbols/unwind/row";
import { UnwindInfo } from "../../../../src/symbols/unwind/unwind-info";
import { ehFrame, LENGTH, leb, type Shape, START, sourceOf } from "./eh-frame";

const rowOf = (shape: Shape, at = START): Row | undefined =>
  new UnwindInfo(sourceOf({ ".eh_frame": ehFrame(shape) })).rowAt(at);

const CFA = [0x0c, 7, 8]; // def_cfa rsp+8
const cfa = { kind: "register", column: 7, offset: 8 } as const;
const saved = (column: number, offset: number) => ({ column, rule: { kind: "saved", offset } });
const expression = Uint8Array.of(0x77, 8);

test.each<[string, readonly number[], unknown[]]>([
  ["offset", [0x80 | 3, 2], [saved(3, -16)]],
  ["offset_extended", [0x05, 3, 2], [saved(3, -16)]],
  ["offset_extended_sf", [0x11, 3, 0x7e], [saved(3, 16)]],
  ["GNU_negative_offset_extended", [0x2f, 3, 2], [saved(3, 16)]],
  ["restore", [0x83, 2, 0xc3], []],
  ["restore_extended", [0x83, 2, 0x06, 3], []],
  ["undefined", [0x07, 3], [{ column: 3, rule: { kind: "undefined" } }]],
  ["same_value", [0x83, 2, 0x08, 3], []],
  ["register", [0x09, 3, 5], [{ column: 3, rule: { kind: "register", column: 5 } }]],
  ["val_offset", [0x14, 3, 2], [{ column: 3, rule: { kind: "value", offset: -16 } }]],
  ["val_offset_sf", [0x15, 3, 0x7e], [{ column: 3, rule: { kind: "value", offset: 16 } }]],
  [
    "expression",
    [0x10, 3, 2, ...expression],
    [{ column: 3, rule: { kind: "saved-expression", code: expression } }],
  ],
  [
    "val_expression",
    [0x16, 3, 2, ...expression],
    [{ column: 3, rule: { kind: "value-expression", code: expression } }],
  ],
  ["GNU_args_size, negate_ra_state, nop", [0x2e, 0x90, 1, 0x2d, 0x2c, 0, 0x83, 2], [saved(3, -16)]],
  ["a register of 128", [0x05, ...leb(128), 2], [saved(128, -16)]],
])("%s", (_, code, rules) => {
  expect(rowOf({ initial: CFA, code })).toMatchObject({ cfa, rules });
});

test.each<[string, readonly number[], unknown]>([
  ["def_cfa", [0x0c, 6, 16], { kind: "register", column: 6, offset: 16 }],
  ["def_cfa_sf", [0x12, 6, 0x7e], { kind: "register", column: 6, offset: 16 }],
  ["def_cfa_register", [0x0d, 6], { kind: "register", column: 6, offset: 8 }],
  ["def_cfa_offset", [0x0e, 0x90, 1], { kind: "register", column: 7, offset: 144 }],
  ["def_cfa_offset_sf", [0x13, 0x7e], { kind: "register", column: 7, offset: 16 }],
  ["def_cfa_expression", [0x0f, 2, ...expression], { kind: "expression", code: expression }],
])("%s", (_, code, found) => {
  expect(rowOf({ initial: CFA, code })?.cfa).toEqual(found);
});

test("the CIE's rules are what restore goes back to", () => {
  const initial = [...CFA, 0x90, 1, 0x83, 3];
  expect(rowOf({ initial, code: [0x83, 5, 0xc3] })?.rules).toEqual([saved(16, -8), saved(3, -24)]);
});

test("remembered states nest, and keep the CFA", () => {
  const code = [0x0a, 0x0e, 16, 0x83, 2, 0x0a, 0x0e, 24, 0x83, 3, 0x41, 0x0b, 0x41, 0x0b];
  const offsets = [0, 1, 2].map((at) => rowOf({ initial: CFA, code }, START + at));
  expect(offsets.map((row) => row?.cfa)).toEqual([24, 16, 8].map((offset) => ({ ...cfa, offset })));
  expect(offsets.map((row) => row?.rules)).toEqual([[saved(3, -24)], [saved(3, -16)], []]);
});

test.each<[string, readonly number[]]>([
  ["advance_loc", [0x40 | 5]],
  ["advance_loc1", [0x02, 5]],
  ["advance_loc2", [0x03, 5, 0]],
  ["advance_loc4", [0x04, 5, 0, 0, 0]],
])("%s counts in units of the code", (_, advance) => {
  const shape = { initial: CFA, codeAlign: 4, code: [...advance, 0x0e, 16] };
  expect([19, 20].map((at) => rowOf(shape, START + at)?.cfa)).toEqual([cfa, { ...cfa, offset: 16 }]);
});

test("set_loc", () => {
  const absolute = (value: number) => [value & 0xff, value >> 8, 0, 0, 0, 0, 0, 0];
  const shape: Shape = {
    initial: CFA,
    data: [0x00],
    range: () => [...absolute(START), ...absolute(LENGTH)],
    code: [0x01, ...absolute(START + 7), 0x0e, 16],
  };
  expect([6, 7].map((at) => rowOf(shape, START + at)?.cfa)).toEqual([cfa, { ...cfa, offset: 16 }]);
});

test.each<[string, Shape]>([
  ["version 3", { version: 3 }],
  ["version 4", { version: 4 }],
  ["personality and LSDA", { augmentation: "zPLR", data: [0x9b, 1, 2, 3, 4, 0x1b, 0x1b] }],
  ["the second key of pointer authentication", { augmentation: "zRB" }],
  ["a letter that nobody knows, behind those we need", { augmentation: "zRx", data: [0x1b, 1, 2] }],
])("%s", (_, shape) => {
  expect(rowOf({ ...shape, initial: CFA })?.cfa).toEqual(cfa);
});

test("S marks the frame of a signal", () => {
  expect(rowOf({ augmentation: "zRS", initial: CFA })?.isSignalFrame).toBe(true);
  expect(rowOf({ initial: CFA })?.isSignalFrame).toBe(false);
});

test("an undefined return address ends the stack", () => {
  expect(rowOf({ initial: CFA, code: [0x07, 16] })?.isOutermost).toBe(true);
  expect(rowOf({ initial: CFA, code: [0x07, 3] })?.isOutermost).toBe(false);
});

test.each<[string, readonly number[], (at: number) => readonly number[]]>([
  ["absolute, 8 bytes", [0x00], () => [0, 0x40, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]],
  ["absolute, 2 bytes", [0x02], () => [0, 0x40, 0, 1]],
  ["absolute, 4 bytes", [0x03], () => [0, 0x40, 0, 0, 0, 1, 0, 0]],
  ["LEB128", [0x01], () => [...leb(START), ...leb(LENGTH)]],
  [
    "relative to the pc, 8 bytes",
    [0x1c],
    (at) => {
      const words = new DataView(new ArrayBuffer(16));
      words.setBigInt64(0, BigInt(START - at), true);
      words.setBigInt64(8, BigInt(LENGTH), true);
      return [...new Uint8Array(words.buffer)];
    },
  ],
])("an address written %s", (_, data, range) => {
  const ends = [START - 1, START, START + LENGTH - 1, START + LENGTH];
  const rows = ends.map((at) => rowOf({ data, range, initial: CFA }, at)?.cfa);
  expect(rows).toEqual([undefined, cfa, cfa, undefined]);
});

test.each<[string, Shape]>([
  ["no CFA", { code: [0x83, 2] }],
  ["an unknown instruction", { initial: CFA, code: [0x3f] }],
  ["restore_state without remember_state", { initial: CFA, code: [0x0b] }],
  ["states remembered without end", { initial: CFA, code: Array.from({ length: 100 }, () => 0x0a) }],
  ["a register that no machine has", { initial: CFA, code: [0x07, ...leb(100_000)] }],
  ["an offset without a register", { initial: [0x0f, 1, 0x30], code: [0x0e, 16] }],
  ["an expression longer than the entry", { initial: CFA, code: [0x0f, 100] }],
  ["a version to come", { version: 9, initial: CFA }],
  ["an augmentation without a length", { augmentation: "R", initial: CFA }],
  ["an endless augmentation", { augmentation: `z${"R".repeat(99)}`, initial: CFA }],
])("nothing is told where the information has %s", (_, shape) => {
  expect(rowOf(shape)).toBeUndefined();
});

test("an address has the same row whatever was asked for before", () => {
  // advance_loc, advance_loc1, def_cfa_offset, offset, remember_state, restore_state, and what is no instruction.
  const instruction = fc.oneof(
    fc.nat(7).map((delta) => [0x40 | delta]),
    fc.nat(40).map((delta) => [0x02, delta]),
    fc.nat(60).map((offset) => [0x0e, offset]),
    fc.tuple(fc.constantFrom(3, 6, 12), fc.nat(9)).map(([column, offset]) => [0x80 | column, offset]),
    fc.constantFrom([0x0a], [0x0b], [0x3d]),
  );
  const addresses = fc.array(fc.integer({ min: -1, max: LENGTH + 1 }), { minLength: 2, maxLength: 30 });
  let told = 0;
  fc.assert(
    fc.property(fc.array(instruction, { maxLength: 12 }), addresses, (code, asked) => {
      const source = sourceOf({
        ".eh_frame": ehFrame({ initial: [0x0c, 7, 8, 0x90, 1], code: code.flat() }),
      });
      const info = new UnwindInfo(source);
      for (const at of asked) {
        const row = info.rowAt(START + at);
        expect(row).toEqual(new UnwindInfo(source).rowAt(START + at));
        if (row !== undefined) told++;
      }
    }),
    { numRuns: 300 },
  );
  expect(told).toBeGreaterThan(1000);
});
