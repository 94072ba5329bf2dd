/** Every operation of expressions, and what is no expression. */
import { evaluate } from "../../../../src/symbols/unwind/expression";
import { leb } from "./eh-frame";

const REGISTERS: Readonly<Record<number, number>> = { 7: 0x7000, 16: 0x40000b };
const MEMORY: Readonly<Record<number, number>> = { 28680: 0x1234567890 };

const context = {
  register: (column: number) => REGISTERS[column] ?? Number.NaN,
  word: (address: number) => MEMORY[address] ?? Number.NaN,
};
const value = (code: readonly number[], initial?: number) =>
  evaluate(Uint8Array.from(code), context, initial);

const lit = (number: number) => 0x30 + number;
const minusOne = [0x09, 0xff];
/** 2^64 − 1, as a number can have it. */
const ALL_BITS = 2 ** 64;

test.each<[string, readonly number[], number]>([
  ["lit31", [0x4f], 31],
  ["addr", [0x03, 1, 2, 3, 4, 5, 0, 0, 0], 0x0504030201],
  ["const1u", [0x08, 0xff], 255],
  ["const1s", [...minusOne, 0x1f], 1],
  ["const2u", [0x0a, 0xff, 0xff], 65535],
  ["const2s", [0x0b, 0xfe, 0xff, 0x1f], 2],
  ["const4u", [0x0c, 0xff, 0xff, 0xff, 0xff], 2 ** 32 - 1],
  ["const4s", [0x0d, 0xfd, 0xff, 0xff, 0xff, 0x1f], 3],
  ["const8u", [0x0e, 1, 0, 0, 0, 1, 0, 0, 0], 2 ** 32 + 1],
  ["const8s", [0x0f, 0xfc, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f], 4],
  ["constu", [0x10, ...leb(300)], 300],
  ["consts", [0x11, ...leb(-300), 0x1f], 300],
  ["breg7", [0x77, 8], 0x7008],
  ["breg with a negative offset", [0x77, 0x78], 0x6ff8],
  ["bregx", [0x92, 16, 1], 0x40000c],
  ["deref", [0x77, 8, 0x06], 0x1234567890],
  ["deref_size", [0x77, 8, 0x94, 2], 0x7890],
  ["dup", [lit(3), 0x12, 0x22], 6],
  ["drop", [lit(3), lit(4), 0x13], 3],
  ["over", [lit(3), lit(4), 0x14], 3],
  ["pick", [lit(3), lit(4), lit(5), 0x15, 2], 3],
  ["swap", [lit(3), lit(4), 0x16, 0x1c], 1],
  ["rot", [lit(1), lit(2), lit(4), 0x17, lit(4), 0x1e, 0x22, lit(10), 0x1e, 0x22], (2 * 4 + 1) * 10 + 4],
  ["abs", [...minusOne, 0x19], 1],
  ["and", [lit(12), lit(10), 0x1a], 8],
  ["div of signed numbers", [0x09, 0xf9, lit(2), 0x1b, 0x1f], 3],
  ["minus", [lit(12), lit(10), 0x1c], 2],
  ["mod", [lit(12), lit(10), 0x1d], 2],
  ["mul", [lit(12), lit(10), 0x1e], 120],
  ["neg", [lit(1), 0x1f], ALL_BITS],
  ["not", [lit(0), 0x20], ALL_BITS],
  ["or", [lit(12), lit(10), 0x21], 14],
  ["plus wraps around", [...minusOne, lit(3), 0x22], 2],
  ["plus_uconst", [lit(1), 0x23, ...leb(300)], 301],
  ["shl", [lit(3), lit(4), 0x24], 48],
  ["shl by 64", [lit(3), 0x08, 64, 0x24], 0],
  ["shr", [...minusOne, 0x08, 60, 0x25], 15],
  ["shra", [0x09, 0xf0, lit(2), 0x26, 0x1f], 4],
  ["xor", [lit(12), lit(10), 0x27], 6],
  ["skip", [lit(1), 0x2f, 1, 0, lit(5)], 1],
  ["bra taken", [lit(7), lit(1), 0x28, 1, 0, lit(5)], 7],
  ["bra not taken", [lit(7), lit(0), 0x28, 1, 0, lit(5)], 5],
  ["nop", [lit(2), 0x96], 2],
])("%s", (_, code, expected) => {
  expect(value(code)).toBe(expected);
});

test.each<[string, number, readonly [number, number, number]]>([
  ["eq", 0x29, [0, 1, 0]],
  ["ge", 0x2a, [0, 1, 1]],
  ["gt", 0x2b, [0, 0, 1]],
  ["le", 0x2c, [1, 1, 0]],
  ["lt", 0x2d, [1, 0, 0]],
  ["ne", 0x2e, [1, 0, 1]],
])("%s compares signed numbers", (_, opcode, expected) => {
  const found = [minusOne, [lit(0)], [lit(1)]].map((left) => value([...left, lit(0), opcode]));
  expect(found).toEqual(expected);
});

test("the CFA of a PLT entry: 8 more once the entry has pushed", () => {
  // breg7+8 breg16+0 lit15 and lit11 ge lit3 shl plus, as linkers write it
  const plt = [0x77, 8, 0x80, 0, lit(15), 0x1a, lit(11), 0x2a, lit(3), 0x24, 0x22];
  expect(value(plt)).toBe(0x7010);
});

test("a rule's expression begins with the CFA", () => {
  expect(value([0x23, 8], 0x7000)).toBe(0x7008);
});

test.each<[string, readonly number[]]>([
  ["a register that is not known", [0x73, 0]],
  ["memory that the copy does not have", [0x77, 0, 0x06]],
])("%s makes the value unknown", (_, code) => {
  expect(value(code)).toBeNaN();
});

test.each<[string, readonly number[], string]>([
  ["endless", [0x2f, 0xfd, 0xff], "more than 1000 steps"],
  ["pushing without end", [lit(1), 0x2f, 0xfc, 0xff], "more than 64 values"],
  ["empty", [], "too few values"],
  ["dividing by zero", [lit(1), lit(0), 0x1b], "division by zero"],
  ["with an operation nobody knows", [0xff], "operation 255 is unknown"],
  ["jumping out", [lit(1), 0x2f, 0x00, 0x80], "jumps out"],
  ["cut off", [0x0c, 1], "bounds"],
  ["reading three bytes", [0x77, 8, 0x94, 3], "3 bytes are no word"],
])("an expression that is %s", (_, code, message) => {
  expect(() => value(code)).toThrow(message);
});
