/**
 * The instructions that do more than compute: calls, addresses, packets, jumps without condition. Those that take
 * more than the bytes of a program, its BTF or an fd_array, are in ../bpf/functions.test.ts.
 */
import { readFileSync } from "node:fs";
import {
  add,
  assemble,
  type Block,
  call,
  callKfunc,
  callLocal,
  exit,
  fp,
  helper,
  jump,
  label,
  load,
  loadBtfId,
  loadImm64,
  loadMap,
  loadMapValue,
  loadPacket,
  loadPacketIndexed,
  mov,
  mul,
  r0,
  r1,
  r2,
  r6,
  r7,
  r8,
  stackAddress,
  store,
  zero,
} from "../../../src/asm";
import { runModel } from "../../model/bpf-model";
import { btfId, kernelTest, runInKernel } from "./machine";
import { edges } from "./operations";

const state = { name: "state" };
const word = (value: bigint) => Buffer.from(BigUint64Array.of(value).buffer);

describe("calls", () => {
  const function1 = label("function1");
  const function2 = label("function2");
  const nested: Block = [
    [mov(r6, 5), mov(r1, 3), callLocal(function1), add(r0, r6), exit()],
    [
      function1,
      mov(r6, 100),
      store(8, fp, -8, r1),
      callLocal(function2),
      load(8, r1, fp, -8),
      add(r0, r1),
      exit(),
    ],
    [function2, store(8, fp, -8, 77), mov(r0, r1), mul(r0, r0), exit()],
  ];

  kernelTest([], "local calls nest, keep r6 and have a stack of their own", () => {
    expect(runInKernel(nested).result).toBe(17);
    expect(runModel(nested)).toBe(17n);
  });

  kernelTest([], "a local call may go backward", () => {
    const start = label("start");
    const callee = label("callee");
    const program: Block = [
      jump.always(start),
      [callee, mov(r0, r1), add(r0, 1), exit()],
      [start, mov(r1, 41), callLocal(callee), exit()],
    ];
    // The first function starts at slot 0 and must not jump into another: the kernel refuses this one,
    expect(() => runInKernel(program)).toThrow("jump out of range");
    // while a callee that calls an earlier one is accepted.
    const main = label("main");
    const first = label("first");
    const second = label("second");
    const accepted: Block = [
      [main, mov(r1, 40), callLocal(second), exit()],
      [first, mov(r0, r1), add(r0, 1), exit()],
      [second, callLocal(first), add(r0, 1), exit()],
    ];
    expect(runInKernel(accepted).result).toBe(42);
    expect(runModel(accepted)).toBe(42n);
  });

  kernelTest([], "a helper call puts its result into r0", () => {
    const program = [
      [call(helper.ktimeGetNs), loadMapValue(r6, state), store(8, r6, 0, r0)],
      [mov(r0, 0), exit()],
    ];
    const before = process.hrtime.bigint();
    const { memory } = runInKernel(program, { state: new Uint8Array(8) });
    const after = process.hrtime.bigint();
    const time = Buffer.from(memory.state).readBigUInt64LE();
    // The program runs between the two, and it is the same clock.
    expect([before <= time, time <= after]).toEqual([true, true]);
  });

  kernelTest(["asm:kfunc"], "a kernel function by its BTF id", () => {
    const program = [
      callKfunc(btfId("func", "bpf_rcu_read_lock")),
      callKfunc(btfId("func", "bpf_rcu_read_unlock")),
      mov(r0, 7),
      exit(),
    ];
    expect(runInKernel(program).result).toBe(7);
  });
});

describe("64-bit immediates", () => {
  kernelTest([], "hold every edge value", () => {
    const program = assemble([
      loadMapValue(r6, state),
      edges.map((value, index) => [loadImm64(r1, BigInt.asIntN(64, value)), store(8, r6, 8 * index, r1)]),
      [mov(r0, 0), exit()],
    ]);
    const before = { state: new Uint8Array(8 * edges.length) };
    const words = new BigUint64Array(edges.map((value) => BigInt.asUintN(64, value)));
    const { memory } = runInKernel(program, before);
    expect(Buffer.from(memory.state)).toEqual(Buffer.from(words.buffer));
    runModel(program, { maps: before });
    expect(before.state).toEqual(new Uint8Array(words.buffer));
  });

  kernelTest([], "a map, and the address of a place in its value, are the same memory", () => {
    const program: Block = [
      [loadMapValue(r6, state, 8), store(8, r6, 0, 5)],
      [zero(fp, -8, 8), loadMap(r1, state), stackAddress(r2, -8), call(helper.mapLookupElem)],
    ];
    const none = label("none");
    const whole: Block = [
      program,
      jump.eq(r0, 0, none),
      load(8, r0, r0, 8),
      exit(),
      none,
      mov(r0, -1),
      exit(),
    ];
    const { result, memory } = runInKernel(whole, { state: new Uint8Array(16) });
    expect(result).toBe(5);
    expect(Buffer.from(memory.state.subarray(8))).toEqual(word(5n));
  });

  kernelTest(["asm:address"], "a kernel function by its BTF id", () => {
    const name = "schedule";
    const program = [
      [loadBtfId(r1, btfId("func", name)), loadMapValue(r6, state), store(8, r6, 0, r1)],
      [mov(r0, 0), exit()],
    ];
    const { memory } = runInKernel(program, { state: new Uint8Array(8) });
    const symbols = readFileSync("/proc/kallsyms", "utf8");
    const expected = symbols.match(new RegExp(`^([0-9a-f]+) . ${name}$`, "m"))?.[1];
    expect(Buffer.from(memory.state)).toEqual(word(BigInt(`0x${expected}`)));
  });

  kernelTest(["asm:variable"], "a kernel variable by its BTF id", () => {
    const id = btfId("var", "bpf_prog_active");
    const program = [loadBtfId(r1, id), call(helper.thisCpuPtr), load(4, r1, r0, 0), mov(r0, 9), exit()];
    expect(runInKernel(program).result).toBe(9);
  });
});

describe("legacy packet access", () => {
  const packet = Uint8Array.from({ length: 64 }, (_, index) => 0x80 + index);
  for (const width of [1, 2, 4] as const) {
    kernelTest([], `${width} bytes`, () => {
      const program = assemble([mov(r6, r1), loadPacket(width, 3), exit()]);
      const expected = Number(runModel(program, { packet }));
      expect(runInKernel(program, {}, packet).result).toBe(expected);
    });

    kernelTest([], `${width} bytes, indexed`, () => {
      const program = assemble([mov(r6, r1), mov(r7, 6), loadPacketIndexed(width, r7, 5), exit()]);
      const expected = Number(runModel(program, { packet }));
      expect(runInKernel(program, {}, packet).result).toBe(expected);
    });
  }

  kernelTest([], "beyond the packet ends the program with 0", () => {
    expect(runInKernel([mov(r6, r1), loadPacket(4, 1000), mov(r0, 5), exit()], {}, packet).result).toBe(0);
  });
});

describe("unconditional jumps", () => {
  const over = (build: (to: ReturnType<typeof label>) => Block): Block => {
    const out = label("out");
    const unreached = label("unreached");
    // A condition the verifier cannot know keeps the skipped part reachable.
    return [
      [loadMapValue(r8, state), load(8, r1, r8, 0), mov(r0, 1), jump.eq(r1, 99, unreached)],
      [build(out), unreached, mov(r0, 2), out, exit()],
    ];
  };

  kernelTest([], "goto", () => {
    expect(
      runInKernel(
        over((out) => [jump.always(out)]),
        { state: new Uint8Array(8) },
      ).result,
    ).toBe(1);
  });

  kernelTest(["isa-v4"], "gotol, also further than 16 bits reach", () => {
    // What is jumped over has an entry of its own: the kernel refuses unreachable code.
    const entry = label("entry");
    const out = label("out");
    const far: Block = [
      [loadMapValue(r8, state), load(8, r1, r8, 0), jump.eq(r1, 99, entry)],
      [mov(r0, 1), jump.far(out)],
      [entry, new Array(40_000).fill(mov(r0, 3))],
      [out, exit()],
    ];
    expect(runInKernel(far, { state: new Uint8Array(8) }).result).toBe(1);
    expect(runInKernel(far, { state: word(99n) }).result).toBe(3);
  });
});
