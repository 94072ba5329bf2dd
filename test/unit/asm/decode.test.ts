import fc from "fast-check";
import {
  AssemblyError,
  assemble,
  type Block,
  decode,
  decodeSlots,
  disassemble,
  exit,
  Instruction,
  jump,
  type Label,
  label,
  mov,
  r0,
} from "../../../src/asm";
import { instructions, out } from "./instruction-table";

const bytesOf = (hex: string) => new Uint8Array(Buffer.from(hex.replaceAll(" ", ""), "hex"));

const faults: readonly (readonly [string, string, string])[] = [
  ["an opcode nobody uses", "ff 00 00 00 00 00 00 00", "unknown opcode 0xff"],
  ["jump with the unused code", "e5 00 00 00 00 00 00 00", "unknown opcode 0xe5"],
  ["goto with a register", "0d 00 00 00 00 00 00 00", "unknown opcode 0x0d"],
  ["neg with a register", "8f 00 00 00 00 00 00 00", "unknown opcode 0x8f"],
  ["bswap with a register", "df 00 00 00 10 00 00 00", "unknown opcode 0xdf"],
  ["32-bit exit", "96 00 00 00 00 00 00 00", "unknown opcode 0x96"],
  ["signed load of 8 bytes", "99 00 00 00 00 00 00 00", "unknown opcode 0x99"],
  ["packet load of 8 bytes", "38 00 00 00 00 00 00 00", "unknown opcode 0x38"],
  ["atomic byte", "d3 00 00 00 00 00 00 00", "unknown opcode 0xd3"],
  ["32-bit immediate load", "00 00 00 00 00 00 00 00", "unknown opcode 0x00"],
  ["atomic subtraction", "db 10 00 00 10 00 00 00", "unknown atomic operation 0x10"],
  ["exchange that does not fetch", "db 10 00 00 e0 00 00 00", "unknown atomic operation 0xe0"],
  ["mov with a source and an immediate", "b7 20 00 00 01 00 00 00", "src is 2, reserved"],
  ["mov of a register with an immediate", "bf 21 00 00 01 00 00 00", "imm is 1, reserved"],
  ["mov to r11", "b7 0b 00 00 01 00 00 00", "dst is register 11"],
  ["mov from r15", "bf f1 00 00 00 00 00 00", "src is register 15"],
  ["add with an offset", "07 01 01 00 01 00 00 00", "offset is 1, not 0"],
  ["division with offset 2", "37 01 02 00 01 00 00 00", "offset is 2, not 0, 1"],
  ["32-bit sign extension of 32 bits", "bc 21 20 00 00 00 00 00", "offset is 32, not 0, 8, 16"],
  ["sign extension of an immediate", "b7 01 08 00 01 00 00 00", "offset is 8, not 0"],
  ["byte swap of 24 bits", "d4 01 00 00 18 00 00 00", "byte swap of 24 bits"],
  ["exit with a value", "95 00 00 00 01 00 00 00", "imm is 1, reserved"],
  ["goto with an immediate", "05 00 00 00 01 00 00 00", "imm is 1, reserved"],
  ["gotol with an offset", "06 00 01 00 00 00 00 00", "offset is 1, reserved"],
  ["call of kind 3", "85 30 00 00 01 00 00 00", "unknown kind of call 3"],
  ["call of module -1", "85 20 ff ff 01 00 00 00", "module index is -1"],
  [
    "immediate of kind 7",
    "18 71 00 00 00 00 00 00 00 00 00 00 00 00 00 00",
    "unknown kind of 64-bit immediate 7",
  ],
  ["map with an upper half", "18 11 00 00 00 00 00 00 00 00 00 00 01 00 00 00", "upper half is 1, reserved"],
  [
    "wide immediate followed by an instruction",
    "18 01 00 00 00 00 00 00 95 00 00 00 00 00 00 00",
    "second slot of a 64-bit immediate holds more than the immediate",
  ],
  ["half a wide immediate", "18 01 00 00 00 00 00 00", "second slot of a 64-bit immediate is missing"],
  ["three bytes", "95 00 00", "3 bytes left over, an instruction has 8"],
];

describe("what is no instruction", () => {
  test.each(faults)("%s: decode names it", (_name, hex, fault) => {
    const bytes = Buffer.concat([bytesOf("b7 00 00 00 00 00 00 00"), bytesOf(hex)]);
    expect(() => decode(bytes)).toThrow(AssemblyError);
    expect(() => decode(bytes)).toThrow(`decode slot 1: ${fault}`);
  });

  test.each(faults)("%s: the listing shows the bytes and the reason", (_name, hex, fault) => {
    const first = hex
      .split(" ")
      .slice(0, 8)
      .map((byte) => `0x${byte}`)
      .join(", ");
    expect(disassemble(bytesOf(hex)).split("\n")[0]).toBe(`   0: .byte ${first}  ; ${fault}`);
  });

  test("does not stop the listing", () => {
    expect(disassemble(bytesOf("ff 00 00 00 00 00 00 00 95 00 00 00 00 00 00 00"))).toBe(
      "   0: .byte 0xff, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00  ; unknown opcode 0xff\n   1: exit\n",
    );
  });
});

describe("targets", () => {
  test("get a label, in the order of their places", () => {
    const [a, b] = [label("a"), label("b")];
    const { bytes } = assemble([a, jump.eq(r0, 0, b), jump.always(a), b, exit()]);
    expect(disassemble(bytes)).toBe("L0:\n   0: if r0 == 0 goto L2\n   1: goto L0\nL2:\n   2: exit\n");
  });

  const nowhere: readonly (readonly [string, string, string])[] = [
    ["behind the end", "05 00 05 00 00 00 00 00", "goto pc+5"],
    ["before the start", "05 00 fe ff 00 00 00 00", "goto pc-2"],
    [
      "into a wide immediate",
      "05 00 01 00 00 00 00 00 18 01 00 00 00 00 00 00 00 00 00 00 00 00 00 00",
      "goto pc+1",
    ],
  ];
  test.each(nowhere)("%s keep their distance", (_name, hex, text) => {
    expect(disassemble(bytesOf(hex)).split("\n")[0]).toBe(`   0: ${text}`);
    expect(assemble(decode(bytesOf(hex))).bytes).toEqual(bytesOf(hex));
  });

  test("without the map's name, the descriptor that stands in the bytes is shown", () => {
    expect(disassemble(bytesOf("18 11 00 00 05 00 00 00 00 00 00 00 00 00 00 00"))).toBe(
      "   0: r1 = map[fd:5]\n",
    );
    expect(disassemble(bytesOf("18 21 00 00 05 00 00 00 00 00 00 00 08 00 00 00"))).toBe(
      "   0: r1 = map[fd:5][0]+8\n",
    );
  });
});

/** Any instruction of the table, aimed at any place of the program. */
const anyProgram: fc.Arbitrary<Block> = fc
  .array(fc.record({ row: fc.nat(instructions.length - 1), aim: fc.nat() }), {
    minLength: 1,
    maxLength: 60,
  })
  .map((choices) => {
    const places = choices.map((_, index) => label(`place${index}`));
    return choices.flatMap(({ row, aim }, index): (Instruction | Label)[] => {
      const instruction = instructions[row]?.[1] as Instruction;
      const here = places[index] as Label;
      if (instruction.reference?.kind !== "label") return [here, instruction];
      const target = places[aim % places.length] as Label;
      return [
        here,
        new Instruction({ ...fieldsOf(instruction), reference: { kind: "label", label: target } }, exit),
      ];
    });
  });

function fieldsOf({ opcode, dst, src, offset, imm, high }: Instruction) {
  return { opcode, dst, src, offset, imm, ...(high === undefined ? {} : { high }) };
}

describe("properties", () => {
  test("encode, decode and encode again is the identity, with the names known and without", () => {
    fc.assert(
      fc.property(anyProgram, (program) => {
        const first = assemble(program);
        expect(decode(first.bytes, first)).toEqual(program.flat());
        expect(assemble(decode(first.bytes)).bytes).toEqual(first.bytes);
      }),
    );
  });

  test("operands of every value survive", () => {
    const operands = fc.record({
      opcode: fc.constantFrom(...new Set(instructions.map(([, { opcode }]) => opcode))),
      dst: fc.integer({ min: 0, max: 10 }),
      src: fc.integer({ min: 0, max: 10 }),
      offset: fc.integer({ min: -32768, max: 32767 }),
      imm: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
    });
    fc.assert(
      fc.property(operands, (fields) => {
        const { bytes } = assemble([new Instruction(fields, exit)]);
        const [slot] = decodeSlots(bytes).slots;
        if (slot !== undefined && "instruction" in slot)
          expect({ ...slot.instruction, reference: undefined }).toMatchObject(
            slot.instruction.reference === undefined ? fields : { opcode: fields.opcode },
          );
        else expect(slot?.fault).not.toBe("");
      }),
    );
  });

  test("any bytes: the listing never throws; what decodes gives the same bytes back", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(disassemble(bytes).split("\n").length).toBeGreaterThan(bytes.length / 16);
        const { slots } = decodeSlots(bytes);
        if (slots.some((slot) => "fault" in slot)) expect(() => decode(bytes)).toThrow(AssemblyError);
        else expect(assemble(decode(bytes)).bytes).toEqual(bytes);
      }),
      { numRuns: 1000 },
    );
  });

  test("one changed byte is either told or kept", () => {
    const program = assemble([
      ...instructions.map(([, instruction]) => instruction),
      mov(r0, 0),
      out,
      exit(),
    ]);
    fc.assert(
      fc.property(fc.nat(program.bytes.length - 1), fc.nat(255), (at, value) => {
        const bytes = program.bytes.slice();
        bytes[at] = value;
        const { slots } = decodeSlots(bytes);
        if (!slots.some((slot) => "fault" in slot)) expect(assemble(decode(bytes)).bytes).toEqual(bytes);
      }),
      { numRuns: 300 },
    );
  });
});
