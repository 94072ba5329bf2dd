import { assemble, decode, disassemble, Instruction, jump, jump32 } from "../../../src/asm";
import * as alu from "../../../src/asm/alu";
import * as atomic from "../../../src/asm/atomic";
import * as jumps from "../../../src/asm/jump";
import * as memory from "../../../src/asm/memory";
import { around, instructions } from "./instruction-table";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex").replace(/..\B/g, "$& ");
const cases = instructions.map((row) => [...row] as const);

describe("every instruction", () => {
  test.each(cases)("%s: value to bytes", (_name, instruction, bytes) => {
    expect(hex(assemble(around(instruction)).bytes.subarray(0, 8 * instruction.slots))).toBe(bytes);
  });

  test.each(cases)("%s: bytes to an equal value", (_name, instruction, bytes) => {
    const program = assemble(around(instruction));
    const written = program.bytes.slice();
    written.set(Buffer.from(bytes.replaceAll(" ", ""), "hex"));
    const [decoded] = decode(written, program);
    expect(decoded).toBeInstanceOf(Instruction);
    expect(decoded).toEqual(instruction);
  });

  test.each(cases)("%s: bytes to text", (_name, instruction, _bytes, text) => {
    const program = assemble(around(instruction));
    expect(disassemble(program.bytes, program).split("\n")[0]).toBe(`   0: ${text}`);
  });

  test("the table leaves no builder out", () => {
    const { jump: _jump, jump32: _jump32, ...calls } = jumps;
    const builders = [
      ...Object.keys({ ...alu, ...atomic, ...memory, ...calls }),
      ...Object.keys(jump).map((name) => `jump.${name}`),
      ...Object.keys(jump32).map((name) => `jump32.${name}`),
    ];
    const named = new Set(instructions.map(([name]) => name.split(" ")[0]));
    expect(builders.filter((name) => !named.has(name))).toEqual([]);
    expect(new Set(instructions.map(([, , bytes]) => bytes)).size).toBe(instructions.length);
  });
});
