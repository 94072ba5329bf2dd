/**
 * Every computing instruction with every pair of edge values, in the kernel and on the model. The operands
 * come from a map: constants the verifier knows would let it drop the branch under test.
 */
import {
  add,
  assemble,
  type Block,
  exit,
  type Instruction,
  jump,
  label,
  load,
  loadMapValue,
  mov,
  r0,
  r1,
  r2,
  r6,
  r7,
  r8,
  r9,
  store,
} from "../../../src/asm";
import { u64 } from "../../../src/core/codec";
import { runModel } from "../../model/bpf-model";
import { instructions } from "../../unit/asm/instruction-table";
import { kernelTest, runInKernel } from "./machine";
import { edges, operations } from "./operations";

const operands = { name: "operands" };
const results = { name: "results" };

type Pair = readonly [bigint, bigint];
const OTHER = 0x5555_5555_5555_5555n;
const unsigned = (value: bigint) => BigInt.asUintN(64, value);
const inGuest = process.env["BPFKIT_GUEST"] !== undefined;
const singles: readonly Pair[] = edges.map((a) => [unsigned(a), OTHER]);
/** The model takes an emulated machine a minute for all pairs, so it gets a seventh, with each value on either side. */
const pairs: readonly Pair[] = edges.flatMap((a, row) =>
  edges
    .filter((_, column) => !inGuest || (row + column) % 7 === 0)
    .map((b): Pair => [unsigned(a), unsigned(b)]),
);

function inputOf(cases: readonly Pair[]): Uint8Array {
  const input = new Uint8Array(16 * cases.length);
  cases.flat().forEach((value, index) => {
    u64.encode(new DataView(input.buffer), 8 * index, value);
  });
  return input;
}

/** The first eight bytes of the results are the cell that memory operations work on. */
function program(cases: readonly Pair[], block: () => Block): Block {
  const next = label("next");
  return [
    [loadMapValue(r8, operands), loadMapValue(r9, results), mov(r7, r9), mov(r6, 0)],
    [next, load(8, r1, r8, 0), load(8, r2, r8, 8), block(), store(8, r7, 8, r1)],
    [add(r8, 16), add(r7, 8), add(r6, 1), jump.lt(r6, cases.length, next)],
    [mov(r0, 0), exit()],
  ];
}

const hex = (value: bigint) => `0x${value.toString(16)}`;

function outcome(cases: readonly Pair[], bytes: Uint8Array | undefined): string[] {
  if (bytes === undefined) return [];
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return cases.map(([a, b], index) => `${hex(a)}, ${hex(b)} -> ${hex(u64.decode(view, 8 + 8 * index))}`);
}

describe("the kernel and the model agree on", () => {
  for (const operation of operations)
    kernelTest(operation.needs, operation.name, () => {
      const cases = operation.operands === 1 ? singles : pairs;
      const assembled = assemble(program(cases, operation.block));
      // A result that is never written keeps this pattern on one side only.
      const expected = { operands: inputOf(cases), results: new Uint8Array(8 + 8 * cases.length).fill(0xa5) };
      const { memory } = runInKernel(assembled, {
        ...expected,
        results: new Uint8Array(expected.results.length),
      });
      runModel(assembled, { maps: expected });
      expect(outcome(cases, memory.results)).toEqual(outcome(cases, expected.results));
    });
});

/** What distinguishes an instruction: the opcode, and the field that selects among variants. */
function kindOf({ opcode, src, offset, imm }: Instruction): string {
  const cls = opcode & 7;
  if (cls === 4 || cls === 7) return `${opcode}/${offset}${(opcode & 0xf0) === 0xd0 ? `/${imm}` : ""}`;
  if ((opcode & 0xe7) === 0xc3) return `${opcode}/${imm}`;
  return opcode === 0x85 || opcode === 0x18 ? `${opcode}/${src}` : `${opcode}`;
}

test("no instruction is left out; those that do more than compute are in instructions.test.ts", () => {
  const executed = new Set(
    operations.flatMap(({ block }) => assemble(program(singles, block)).instructions.map(kindOf)),
  );
  const elsewhere =
    /^(call|callLocal|callKfunc|jump.always|jump.far|load(Imm64|Map|MapAt|MapValueAt|BtfId|Function|Packet|PacketIndexed))\b/;
  const missing = instructions
    .filter(([, instruction]) => !executed.has(kindOf(instruction)))
    .map(([name]) => name);
  expect(missing.filter((name) => !elsewhere.test(name))).toEqual([]);
});
