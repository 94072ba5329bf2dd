import {
  add32,
  arsh,
  atomicCompareExchange,
  atomicFetchAdd,
  type Block,
  be,
  bswap,
  callLocal,
  div,
  div32,
  exit,
  fp,
  jump,
  jump32,
  label,
  le,
  load,
  loadImm64,
  loadMapValue,
  loadPacket,
  loadSigned,
  lsh32,
  mod,
  mod32,
  mov,
  mov32,
  movsx,
  movsx32,
  mul,
  neg32,
  r0,
  r1,
  r2,
  r6,
  sdiv,
  sdiv32,
  smod,
  store,
} from "../../../src/asm";
import { runModel } from "../../model/bpf-model";

const MIN64 = -(2n ** 63n);
const MAX64 = 2n ** 64n - 1n;

/** r0 and r1 hold the operands; r0 is the result. */
const cases: readonly (readonly [string, bigint, bigint, Block, bigint])[] = [
  ["add32 wraps and clears the upper half", MAX64, 2n, [add32(r0, r1)], 1n],
  ["mul wraps", 2n ** 63n, 2n, [mul(r0, r1)], 0n],
  ["div is unsigned", MAX64, 2n, [div(r0, r1)], 2n ** 63n - 1n],
  ["div of a sign-extended immediate", MAX64, 0n, [div(r0, -1)], 1n],
  ["div by zero", 7n, 0n, [div(r0, r1)], 0n],
  ["mod zero", MAX64, 0n, [mod(r0, r1)], MAX64],
  ["mod32 zero clears the upper half", MAX64, 0n, [mod32(r0, r1)], 0xffffffffn],
  ["div32 looks at the lower half", 0x1_0000_0008n, 0x5_0000_0002n, [div32(r0, r1)], 4n],
  ["sdiv truncates", -13n, 3n, [sdiv(r0, r1)], MAX64 - 3n],
  ["smod truncates", -13n, 3n, [smod(r0, r1)], MAX64],
  ["smallest divided by -1", MIN64, -1n, [sdiv(r0, r1)], 2n ** 63n],
  ["smallest modulo -1", MIN64, -1n, [smod(r0, r1)], 0n],
  ["smallest 32-bit number divided by -1", 0x80000000n, -1n, [sdiv32(r0, r1)], 0x80000000n],
  ["shift by the width is masked", 1n, 32n, [lsh32(r0, r1)], 1n],
  ["arithmetic shift", MIN64, 63n, [arsh(r0, r1)], MAX64],
  ["neg32", 1n, 0n, [neg32(r0)], 0xffffffffn],
  ["movsx", 0n, 0x80n, [movsx(8, r0, r1)], MAX64 - 0x7fn],
  ["movsx32", 0n, 0x80n, [movsx32(8, r0, r1)], 0xffffff80n],
  ["mov32", 0n, MAX64, [mov32(r0, r1)], 0xffffffffn],
  ["le cuts", 0x1122334455667788n, 0n, [le(16, r0)], 0x7788n],
  ["be swaps", 0x1122334455667788n, 0n, [be(32, r0)], 0x88776655n],
  ["bswap", 0x1122334455667788n, 0n, [bswap(64, r0)], 0x8877665544332211n],
  ["signed load", 0n, 0x8000n, [store(8, fp, -8, r1), loadSigned(2, r0, fp, -8)], MAX64 - 0x7fffn],
  ["load is little-endian", 0n, 0x1122n, [store(8, fp, -8, r1), load(1, r0, fp, -7)], 0x11n],
  ["store of a negative immediate", 0n, 0n, [store(8, fp, -8, -2), load(8, r0, fp, -8)], MAX64 - 1n],
  [
    "fetch and add leaves the old",
    5n,
    3n,
    [store(8, fp, -8, r0), atomicFetchAdd(8, fp, -8, r1), mov(r0, r1)],
    5n,
  ],
  [
    "compare and exchange that matches",
    5n,
    3n,
    [store(8, fp, -8, 5), atomicCompareExchange(8, fp, -8, r1), load(8, r0, fp, -8)],
    3n,
  ],
  [
    "compare and exchange that does not",
    6n,
    3n,
    [store(8, fp, -8, 5), atomicCompareExchange(8, fp, -8, r1)],
    5n,
  ],
];

describe("the model", () => {
  test.each(cases)("%s", (_name, a, b, block, expected) => {
    expect(runModel([loadImm64(r0, a), loadImm64(r1, b), block, exit()])).toBe(expected);
  });

  test("loops until the jump falls through", () => {
    const again = label("again");
    const program = [
      mov(r0, 0),
      mov(r1, 23),
      again,
      add32(r0, 1),
      add32(r1, -1),
      jump.ne(r1, 0, again),
      exit(),
    ];
    expect(runModel(program)).toBe(23n);
  });

  test("compares 64 and 32 bits, signed and unsigned", () => {
    const yes = (block: (yes: ReturnType<typeof label>) => Block) => {
      const hit = label("hit");
      return runModel([
        loadImm64(r1, 0xffffffff_00000001n),
        block(hit),
        mov(r0, 0),
        exit(),
        hit,
        mov(r0, 1),
        exit(),
      ]);
    };
    expect(yes((hit) => [jump.gt(r1, 1, hit)])).toBe(1n);
    expect(yes((hit) => [jump.sgt(r1, 1, hit)])).toBe(0n);
    expect(yes((hit) => [jump32.eq(r1, 1, hit)])).toBe(1n);
    expect(yes((hit) => [jump.eq(r1, 1, hit)])).toBe(0n);
  });

  test("a local call keeps r6 to r9 and has its own stack", () => {
    const inner = label("inner");
    const program: Block = [
      [mov(r6, 4), store(8, fp, -8, 1), mov(r1, 2), callLocal(inner), load(8, r2, fp, -8)],
      [add32(r0, r6), add32(r0, r2), exit()],
      [inner, mov(r6, 99), store(8, fp, -8, 50), mov(r0, r1), exit()],
    ];
    expect(runModel(program)).toBe(7n);
  });

  test("reads and writes maps, and packets in network order", () => {
    const value = new Uint8Array(16);
    const program = [loadPacket(2, 1), loadMapValue(r1, { name: "m" }, 8), store(4, r1, 4, r0), exit()];
    expect(runModel(program, { maps: { m: value }, packet: Uint8Array.of(1, 2, 3) })).toBe(0x0203n);
    expect([...value.subarray(8)]).toEqual([0, 0, 0, 0, 3, 2, 0, 0]);
  });

  test("stops at memory that is nobody's", () => {
    expect(() => runModel([load(8, r0, fp, 0), exit()])).toThrow("model: 8 bytes at");
  });
});
