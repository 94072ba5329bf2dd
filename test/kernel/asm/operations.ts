/** Every instruction as a block that computes r1 from the operands r1 and r2, both unknown to the verifier. */
import * as asm from "../../../src/asm";
import type { Need } from "./machine";

const { fp, label, r0, r1, r2, r3, r9 } = asm;

export interface Operation {
  readonly name: string;
  readonly needs: readonly Need[];
  /** How many operands it reads: one that reads only r1 need not meet every r2. */
  readonly operands: 1 | 2;
  readonly block: () => asm.Block;
}

/** Numbers at which implementations differ: the ends of every width, shifts by the width, zero. */
export const edges: readonly bigint[] = [
  0n,
  1n,
  2n,
  -1n,
  -13n,
  7n,
  31n,
  32n,
  63n,
  64n,
  0x7fn,
  0x80n,
  0x8000n,
  0x7fff_ffffn,
  0x8000_0000n,
  0xffff_ffffn,
  0x1_0000_0000n,
  0x7fff_ffff_ffff_ffffn,
  -(2n ** 63n),
  -(2n ** 31n),
  0xdead_beef_cafe_babfn,
];

const FETCH = ["fetch-atomics"] as const;
const V4 = ["isa-v4"] as const;

/** Each operation takes an emulated machine a tenth of a second. */
const immediates =
  process.env["BPFKIT_GUEST"] === undefined
    ? [0, 1, -1, 2, 31, 0x7f, 0x80, 0x7fff_ffff, -(2 ** 31), 0x1234_5678]
    : [0, -1, 0x1234_5678];
const shifts = [0, 1, 31];

const operation = (name: string, block: () => asm.Block, needs: readonly Need[] = []): Operation => ({
  name,
  needs,
  operands: 2,
  block,
});

const unary = (name: string, block: () => asm.Block, needs: readonly Need[] = []): Operation => ({
  ...operation(name, block, needs),
  operands: 1,
});

const { add, and, div, mod, mov, mul, or, sub, xor, lsh, rsh, arsh, sdiv, smod } = asm;
const { add32, and32, div32, mod32, mov32, mul32, or32, sub32, xor32, lsh32, rsh32, arsh32, sdiv32, smod32 } =
  asm;

const plain = { add, sub, mul, or, and, xor, mov, add32, sub32, mul32, or32, and32, xor32, mov32 };
const divisions = { div, mod, div32, mod32 };
const signedDivisions = { sdiv, smod, sdiv32, smod32 };
const shifting = { lsh, rsh, arsh, lsh32, rsh32, arsh32 };

function binary(
  table: Readonly<Record<string, asm.AluBuilder>>,
  imms: readonly number[],
  needs: readonly Need[] = [],
): Operation[] {
  return Object.entries(table).flatMap(([name, build]) => [
    operation(`${name} reg`, () => [build(r1, r2)], needs),
    ...imms.map((imm) => unary(`${name} imm ${imm}`, () => [build(r1, imm)], needs)),
  ]);
}

/** r1 = 1 if the jump is taken, otherwise 0. */
function taken(build: (target: asm.Label) => asm.Instruction): asm.Block {
  const yes = label("yes");
  return [mov(r3, 1), build(yes), mov(r3, 0), yes, mov(r1, r3)];
}

function comparisons(name: string, build: asm.JumpBuilder): Operation[] {
  return [
    operation(`${name} reg`, () => taken((yes) => build(r1, r2, yes))),
    ...immediates.map((imm) => unary(`${name} imm ${imm}`, () => taken((yes) => build(r1, imm, yes)))),
  ];
}

const { always, far, ...conditional } = asm.jump;
const widths = [1, 2, 4, 8] as const;

/** Eight bytes of the map behind the results: `before` is put in first, what is there afterwards comes out in r1. */
const cell = 0;
const inCell = (change: asm.Block, value: asm.Block = []): asm.Block => [
  asm.store(8, r9, cell, r1),
  change,
  value,
];

const atomics = {
  atomicAdd: asm.atomicAdd,
  atomicOr: asm.atomicOr,
  atomicAnd: asm.atomicAnd,
  atomicXor: asm.atomicXor,
};
const fetching = {
  atomicFetchAdd: asm.atomicFetchAdd,
  atomicFetchOr: asm.atomicFetchOr,
  atomicFetchAnd: asm.atomicFetchAnd,
  atomicFetchXor: asm.atomicFetchXor,
  atomicExchange: asm.atomicExchange,
};

function atomic(width: 4 | 8): Operation[] {
  const after = asm.load(8, r1, r9, cell);
  const compare = (expected: asm.Block) => inCell([expected, asm.atomicCompareExchange(width, r9, cell, r2)]);
  return [
    ...Object.entries(atomics).map(([name, build]) =>
      operation(
        `${name} ${width}`,
        () => inCell([build(width, r9, cell, r2), after]),
        name === "atomicAdd" ? [] : FETCH,
      ),
    ),
    ...Object.entries(fetching).flatMap(([name, build]) => [
      operation(`${name} ${width}: memory`, () => inCell([build(width, r9, cell, r2), after]), FETCH),
      operation(
        `${name} ${width}: old value`,
        () => inCell([build(width, r9, cell, r2), mov(r1, r2)]),
        FETCH,
      ),
    ]),
    operation(`atomicCompareExchange ${width} equal: memory`, () => [compare([mov(r0, r1)]), after], FETCH),
    operation(
      `atomicCompareExchange ${width} equal: old value`,
      () => [compare([mov(r0, r1)]), mov(r1, r0)],
      FETCH,
    ),
    operation(`atomicCompareExchange ${width} other: memory`, () => [compare([mov(r0, r2)]), after], FETCH),
    operation(
      `atomicCompareExchange ${width} other: old value`,
      () => [compare([mov(r0, r2)]), mov(r1, r0)],
      FETCH,
    ),
  ];
}

export const operations: readonly Operation[] = [
  ...binary(plain, immediates),
  ...binary(
    divisions,
    immediates.filter((imm) => imm !== 0),
  ),
  ...binary(
    signedDivisions,
    immediates.filter((imm) => imm !== 0),
    V4,
  ),
  ...binary(shifting, shifts),
  ...binary({ lsh, rsh, arsh }, [32, 63]),
  unary("neg", () => [asm.neg(r1)]),
  unary("neg32", () => [asm.neg32(r1)]),
  ...([8, 16, 32] as const).map((bits) => operation(`movsx ${bits}`, () => [asm.movsx(bits, r1, r2)], V4)),
  ...([8, 16] as const).map((bits) => operation(`movsx32 ${bits}`, () => [asm.movsx32(bits, r1, r2)], V4)),
  ...([16, 32, 64] as const).flatMap((bits) => [
    unary(`le ${bits}`, () => [asm.le(bits, r1)]),
    unary(`be ${bits}`, () => [asm.be(bits, r1)]),
    unary(`bswap ${bits}`, () => [asm.bswap(bits, r1)], V4),
  ]),
  ...Object.entries(conditional).flatMap(([name, build]) => comparisons(`jump.${name}`, build)),
  ...Object.entries(asm.jump32).flatMap(([name, build]) => comparisons(`jump32.${name}`, build)),
  ...Object.entries(conditional).map(([name, build]) =>
    unary(`jump.${name} on the same register`, () => taken((yes) => build(r1, r1, yes))),
  ),
  ...widths.flatMap((width) => [
    operation(`store ${width} reg`, () =>
      inCell([asm.store(width, r9, cell, r2), asm.load(8, r1, r9, cell)]),
    ),
    unary(`store ${width} imm`, () => inCell([asm.store(width, r9, cell, -7), asm.load(8, r1, r9, cell)])),
    operation(`store ${width} on the stack`, () => [
      [asm.store(8, fp, -8, r1), asm.store(width, fp, -8, r2)],
      asm.load(8, r1, fp, -8),
    ]),
    unary(`load ${width}`, () => inCell([asm.load(width, r1, r9, cell)])),
  ]),
  ...([1, 2, 4] as const).map((width) =>
    unary(`loadSigned ${width}`, () => inCell([asm.loadSigned(width, r1, r9, cell)]), V4),
  ),
  ...atomic(4),
  ...atomic(8),
];
