/** Single steps on made-up stacks, for what no program at hand does. */

import { unwindMachine } from "../../../../src/symbols/unwind/machine";
import { UnwindInfo } from "../../../../src/symbols/unwind/unwind-info";
import { Unwinder, type UnwindProcess } from "../../../../src/symbols/unwind/unwinder";
import { ehFrame, LENGTH, type Shape, START, sourceOf } from "./eh-frame";
import { framesOf, stackCopy } from "./stack-copy";

/** A process with one file's code at its linked address, and code of a compiler at run time above. */
const JIT = 0x100000;
function processOf(shape: Shape | undefined, code?: Uint8Array): UnwindProcess {
  const info = new UnwindInfo(sourceOf(shape === undefined ? {} : { ".eh_frame": ehFrame(shape) }, code));
  return {
    codeAt: (address) => {
      if (address >= START && address < START + LENGTH) return { bias: 0, info };
      return address >= JIT && address < JIT + 0x1000 ? { bias: 0, info: undefined } : undefined;
    },
  };
}

const SP = 0x7ffe_0000_1000;

interface Sample {
  readonly arch?: "x64" | "arm64";
  readonly pc: number;
  /** Registers by column. */
  readonly registers?: Readonly<Record<number, number | bigint>>;
  /** Words at the stack pointer and above. */
  readonly stack?: readonly (number | bigint)[];
  readonly limit?: number;
}

function unwind(process: UnwindProcess, { arch = "x64", pc, registers = {}, stack = [], limit }: Sample) {
  const machine = unwindMachine(arch);
  const words = new BigUint64Array(machine.registerWords);
  words[machine.pcWord] = BigInt(pc);
  words[machine.columns[machine.spColumn] as number] = BigInt(SP);
  for (const [column, value] of Object.entries(registers))
    words[machine.columns[Number(column)] as number] = BigInt(value);
  const copy = stackCopy(words, BigUint64Array.from(stack, BigInt));
  const found = new Unwinder(arch).unwind(process, copy, limit);
  return { pcs: framesOf(found), end: found.end };
}

const RBP = 6;
const X29 = 29;
const X30 = 30;
/** def_cfa rsp+8, the return address below it. */
const pushed: Shape = { initial: [0x0c, 7, 8, 0x90, 1] };
/** A function that has put nothing on the stack. */
const leaf: Shape = { returnColumn: X30, initial: [0x0c, 31, 0] };
/** One that has put x29 and x30 there, signed. */
const framed: Shape = { returnColumn: X30, initial: [0x0c, 31, 16, 0x2d, 0x9d, 2, 0x9e, 1] };

test("a return address of 0 ends the stack", () => {
  const sample = { pc: START + 8, stack: [START + 16, 0] };
  expect(unwind(processOf(pushed), sample)).toEqual({ pcs: [START + 8, START + 16], end: "complete" });
});

test("a call that is its function's last instruction belongs to that function", () => {
  const sample = { pc: START + 8, stack: [START + LENGTH, START + 1, 0] };
  expect(unwind(processOf(pushed), sample).pcs).toEqual([START + 8, START + LENGTH, START + 1]);
});

test("a frame beyond the copy is told from one that is not on the stack", () => {
  const onRbp: Shape = { initial: [0x0c, RBP, 16, 0x90, 1] };
  const at = (rbp: number) =>
    unwind(processOf(onRbp), { pc: START, registers: { [RBP]: rbp }, stack: [1, 2] });
  expect(at(SP + 16).end).toBe("truncated");
  expect(at(SP - 4096).end).toBe("broken");
  expect(at(0x1234).end).toBe("broken");
  expect(at(SP + 2 ** 30).end).toBe("broken");
});

test("frames that do not rise are broken, and an endless chain ends at the limit", () => {
  const stuck: Shape = { initial: [0x0c, 7, 0, 0x90, 0] };
  expect(unwind(processOf(stuck), { pc: START, stack: [START] })).toEqual({ pcs: [START], end: "broken" });
  const stack = Array.from({ length: 5000 }, () => START + 1);
  expect(unwind(processOf(pushed), { pc: START, stack }).pcs).toHaveLength(1024);
  expect(unwind(processOf(pushed), { pc: START, stack, limit: 7 })).toMatchObject({ end: "limit" });
});

test("a return address where no code is", () => {
  expect(unwind(processOf(pushed), { pc: START, stack: [0x99] })).toEqual({ pcs: [START], end: "broken" });
});

describe("code without information", () => {
  test("its frame pointers are followed, to code that has information", () => {
    const sample = {
      pc: JIT,
      registers: { [RBP]: SP + 8 },
      stack: [0, SP + 32, JIT + 1, 0, 0, START + 1, START + 2, 0],
    };
    expect(unwind(processOf(pushed), sample)).toEqual({
      pcs: [JIT, JIT + 1, START + 1, START + 2],
      end: "complete",
    });
  });

  test("a frame pointer of 0 ends the chain", () => {
    const sample = { pc: JIT, registers: { [RBP]: SP }, stack: [0, JIT + 1] };
    expect(unwind(processOf(pushed), sample)).toEqual({ pcs: [JIT, JIT + 1], end: "complete" });
    const unchained = { pc: JIT, registers: { [RBP]: 0 }, stack: [0, JIT + 1] };
    expect(unwind(processOf(pushed), unchained)).toEqual({ pcs: [JIT], end: "no-info" });
  });

  test.each<[string, number, string]>([
    ["below the stack pointer", SP - 8, "no-info"],
    ["odd", SP + 3, "no-info"],
    ["somewhere else", 0x5000, "no-info"],
    ["at what is no return address", SP, "no-info"],
    ["beyond the copy", SP + 64, "truncated"],
  ])("a frame pointer that is %s", (_, rbp, end) => {
    const sample = { pc: JIT, registers: { [RBP]: rbp }, stack: [1, 2, 3] };
    expect(unwind(processOf(undefined), sample)).toEqual({ pcs: [JIT], end });
  });
});

test("a register that has been popped again is what it is", () => {
  // rbx is still said to be at CFA−16, which is below the stack pointer now; the frame above is counted from it.
  const popped: Shape = { initial: [0x0c, 7, 8, 0x90, 1], code: [0x83, 2, 0x48, 0x0c, 3, 16] };
  const sample = { pc: START, registers: { 3: SP + 8 }, stack: [START + 9, 7, START + 10, 0] };
  expect(unwind(processOf(popped), sample).pcs).toEqual([START, START + 9, START + 10]);
});

describe("arm64", () => {
  test("a leaf's return address is in its register, with the signature taken off", () => {
    const signed = 0x002a_0000_0000_0000n | BigInt(START + 16);
    const sample = { arch: "arm64", pc: START, registers: { [X30]: signed } } as const;
    expect(unwind(processOf(leaf), sample)).toEqual({ pcs: [START, START + 16], end: "broken" });
  });

  test("signed return addresses on the stack", () => {
    const signed = (address: number) => 0xaa12_0000_0000_0000n | BigInt(address);
    const stack = [SP + 16, signed(START + 4), 0, 0];
    const sample = { arch: "arm64", pc: START, stack } as const;
    expect(unwind(processOf(framed), sample)).toEqual({ pcs: [START, START + 4], end: "complete" });
  });

  test("frame records", () => {
    const stack = [0, SP + 24, JIT + 4, 0, 0];
    const sample = { arch: "arm64", pc: JIT, registers: { [X29]: SP + 8 }, stack } as const;
    expect(unwind(processOf(undefined), sample)).toEqual({ pcs: [JIT, JIT + 4], end: "complete" });
  });
});

test("arm64: from run-time code, whose frames do not tell the stack pointer, to code with information", () => {
  // Two more registers are saved above the first frame record; the second frame has 48 bytes.
  const deep: Shape = { returnColumn: X30, initial: [0x0c, 31, 48, 0x9d, 6, 0x9e, 5] };
  const stack = [SP + 32, START + 4, 19, 20, 0, JIT + 8, 1, 2, 3, 4];
  const sample = { arch: "arm64", pc: JIT, registers: { [X29]: SP }, stack } as const;
  expect(unwind(processOf(deep), sample).pcs).toEqual([JIT, START + 4, JIT + 8]);
});

describe("a signal's trampoline without information", () => {
  /** Words from the stack pointer to the saved registers, the number of these, and where the pc and sp are. */
  const layouts = {
    x64: {
      code: [0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05],
      before: 5,
      sp: 15,
      pc: 16,
    },
    arm64: { code: [0x68, 0x11, 0x80, 0xd2, 0x01, 0, 0, 0xd4], before: 39, sp: 31, pc: 32 },
  } as const;

  test.each(["x64", "arm64"] as const)("%s", (arch) => {
    const { code, before, sp, pc } = layouts[arch];
    const stack = Array.from({ length: 128 }, () => 0);
    stack[before + pc] = JIT + 8;
    stack[before + sp] = SP + 8 * 100;
    const process = processOf(undefined, Uint8Array.from(code));
    expect(unwind(process, { arch, pc: START, stack })).toEqual({ pcs: [START, JIT + 8], end: "no-info" });
    expect(unwind(process, { arch, pc: START + 4, stack }).pcs).toEqual([START + 4]);
  });
});

test("an architecture that is not known", () => {
  expect(() => new Unwinder("riscv64")).toThrow(
    'unwind user stacks: architecture "riscv64" is not supported',
  );
});
