import {
  AssemblyError,
  add,
  add32,
  atomicAdd,
  atomicExchange,
  bswap,
  call,
  callKfunc,
  callLocal,
  div,
  fp,
  jump,
  jump32,
  type Label,
  label,
  load,
  loadBtfId,
  loadFunction,
  loadImm64,
  loadMap,
  loadMapAt,
  loadMapValue,
  loadPacket,
  loadSigned,
  lsh,
  lsh32,
  type MapRef,
  mod32,
  mov,
  mov32,
  movsx,
  movsx32,
  neg,
  type Register,
  r1,
  r2,
  store,
} from "../../../src/asm";

const here = label("here");
const wrong = (value: unknown) => value as never;

/** What JavaScript callers can do and the types forbid is cast with `wrong`. */
const cases: readonly (readonly [string, () => unknown, string])[] = [
  [
    "mov beyond 31 bits",
    () => mov(r1, 2 ** 31),
    "immediate: 2147483648 is not an integer from -2147483648 to 2147483647",
  ],
  ["mov below 32 bits", () => mov(r1, -(2 ** 31) - 1), "immediate: -2147483649 is not an integer from"],
  ["mov of a fraction", () => mov(r1, 0.5), "immediate: 0.5 is not an integer from"],
  ["mov of NaN", () => mov(r1, Number.NaN), "immediate: NaN is not an integer from"],
  ["mov of a bigint", () => mov(r1, wrong(5n)), "register: 5n is not one of r0 to r9 and fp"],
  ["mov of nothing", () => mov(r1, wrong(undefined)), "register: undefined is not one of r0 to r9 and fp"],
  ["mov to nothing", () => mov(wrong(undefined), 1), "register: undefined is not one of"],
  [
    "mov to r11",
    () => mov({ name: "r11", number: 11 } as Register, 1),
    "register: { name: 'r11', number: 11 } is not",
  ],
  [
    "mov32 beyond 32 bits",
    () => mov32(r1, 2 ** 32),
    "immediate: 4294967296 is not an integer from -2147483648 to 4294967295",
  ],
  ["add to the frame pointer", () => add(fp, -8), "register: r10, the frame pointer, cannot be written"],
  ["add32 to the frame pointer", () => add32(fp, -8), "register: r10, the frame pointer"],
  ["neg of the frame pointer", () => neg(fp), "register: r10, the frame pointer"],
  ["shift by the width", () => lsh(r1, 64), "shift: 64 is not an integer from 0 to 63"],
  ["32-bit shift by the width", () => lsh32(r1, 32), "shift: 32 is not an integer from 0 to 31"],
  ["shift by less than nothing", () => lsh(r1, -1), "shift: -1 is not an integer from 0 to 63"],
  [
    "division by a constant zero",
    () => div(r1, 0),
    "immediate: the kernel refuses a division by a constant 0",
  ],
  ["modulo a constant zero", () => mod32(r1, 0), "immediate: the kernel refuses a division by a constant 0"],
  ["sign extension of 24 bits", () => movsx(wrong(24), r1, r2), "sign extension: 24 is not 8, 16, 32 bits"],
  [
    "32-bit sign extension of 32 bits",
    () => movsx32(wrong(32), r1, r2),
    "sign extension: 32 is not 8, 16 bits",
  ],
  ["byte swap of 8 bits", () => bswap(wrong(8), r1), "byte swap: 8 is not 16, 32, 64 bits"],
  ["jump on an immediate too large", () => jump.eq(r1, 2 ** 31, here), "immediate: 2147483648 is not"],
  ["jump32 on an immediate too large", () => jump32.eq(r1, 2 ** 32, here), "immediate: 4294967296 is not"],
  ["jump on no register", () => jump.eq(wrong("r1"), 0, here), 'register: "r1" is not one of'],
  ["jump to a name", () => jump.eq(r1, 0, wrong("out")), 'target: "out" is not a label'],
  ["goto nothing", () => jump.always(wrong(undefined)), "target: undefined is not a label"],
  ["gotol a number", () => jump.far(wrong(3)), "target: 3 is not a label"],
  ["local call of a number", () => callLocal(wrong(3)), "target: 3 is not a label"],
  [
    "function address of nothing",
    () => loadFunction(r1, wrong(null) as Label),
    "target: null is not a label",
  ],
  ["helper 0", () => call(0), "helper id: 0 is not an integer from 1 to 2147483647"],
  [
    "a helper that is not in the table",
    () => call(wrong(undefined)),
    "helper id: undefined is not an integer",
  ],
  ["kernel function 0", () => callKfunc(0), "BTF id: 0 is not an integer from 1"],
  [
    "kernel function of module -1",
    () => callKfunc(1, -1),
    "module index: -1 is not an integer from 0 to 32767",
  ],
  ["load far above", () => load(8, r1, r2, 32768), "offset: 32768 is not an integer from -32768 to 32767"],
  ["load far below", () => load(8, r1, r2, -32769), "offset: -32769 is not an integer"],
  [
    "load of an unknown field",
    () => load(8, r1, r2, wrong(undefined)),
    "offset: undefined is not an integer",
  ],
  ["load of 3 bytes", () => load(wrong(3), r1, r2, 0), "width: 3 is not 1, 2, 4, 8 bytes"],
  ["load into the frame pointer", () => load(8, fp, r2, 0), "register: r10, the frame pointer"],
  ["signed load of 8 bytes", () => loadSigned(wrong(8), r1, r2, 0), "width: 8 is not 1, 2, 4 bytes"],
  ["byte store of 256", () => store(1, fp, -1, 256), "immediate: 256 is not an integer from -128 to 255"],
  [
    "two-byte store of -32769",
    () => store(2, fp, -2, -32769),
    "immediate: -32769 is not an integer from -32768 to 65535",
  ],
  ["store of a wide immediate", () => store(8, fp, -8, 2 ** 31), "immediate: 2147483648 is not"],
  ["store of nothing", () => store(8, fp, -8, wrong(undefined)), "register: undefined is not one of"],
  [
    "64-bit immediate of 65 bits",
    () => loadImm64(r1, 2n ** 64n),
    "immediate: 18446744073709551616 does not fit into 64 bits",
  ],
  [
    "64-bit immediate below",
    () => loadImm64(r1, -(2n ** 63n) - 1n),
    "immediate: -9223372036854775809 does not fit",
  ],
  ["64-bit immediate as a number", () => loadImm64(r1, wrong(5)), "immediate: 5 is not a bigint"],
  ["map that is none", () => loadMap(r1, wrong(undefined) as MapRef), "map: undefined has no name"],
  [
    "negative offset into a map",
    () => loadMapValue(r1, { name: "m" }, -1),
    "offset: -1 is not an integer from 0",
  ],
  ["negative map index", () => loadMapAt(r1, -1), "map index: -1 is not an integer from 0"],
  ["variable 0", () => loadBtfId(r1, 0), "BTF id: 0 is not an integer from 1"],
  ["packet load of 8 bytes", () => loadPacket(wrong(8), 0), "width: 8 is not 1, 2, 4 bytes"],
  ["atomic add of 2 bytes", () => atomicAdd(wrong(2), r1, 0, r2), "width: 2 is not 4, 8 bytes"],
  ["exchange into the frame pointer", () => atomicExchange(8, r1, 0, fp), "register: r10, the frame pointer"],
  ["label without a name", () => label(""), 'label: "" is not a name'],
];

function thrownBy(run: () => unknown): AssemblyError {
  try {
    run();
  } catch (error) {
    return error as AssemblyError;
  }
  throw new Error("nothing was thrown");
}

describe("a wrong operand", () => {
  test.each(cases)("%s", (_name, run, message) => {
    const error = thrownBy(run);
    expect(error).toBeInstanceOf(AssemblyError);
    expect(error.message).toContain(message);
    expect(error.stack?.split("\n")[0]).toContain(`AssemblyError: ${message.slice(0, 10)}`);
    expect(error.stack?.split("\n")[1]).toContain("operands.test.");
  });

  test("a wide immediate comes with advice", () => {
    expect(thrownBy(() => mov(r1, 2 ** 31)).hint).toBe("loadImm64 takes any 64-bit number");
  });

  test("the ends of every range are accepted", () => {
    const accepted = [
      mov32(r1, 2 ** 32 - 1),
      mov32(r1, -(2 ** 31)),
      load(1, r1, r2, 32767),
      store(1, fp, -1, 255),
      store(1, fp, -1, -128),
      store(2, fp, -2, 65535),
      store(4, fp, -4, 2 ** 32 - 1),
      loadImm64(r1, 2n ** 64n - 1n),
      loadImm64(r1, -(2n ** 63n)),
      loadMapValue(r1, { name: "m" }, 2 ** 32 - 1),
    ];
    expect(accepted.map(({ imm, offset, high }) => [imm, offset, high])).toEqual([
      [-1, 0, undefined],
      [-(2 ** 31), 0, undefined],
      [0, 32767, undefined],
      [255, -1, undefined],
      [-128, -1, undefined],
      [65535, -2, undefined],
      [-1, -4, undefined],
      [-1, 0, -1],
      [0, 0, -(2 ** 31)],
      [0, 0, -1],
    ]);
  });
});
