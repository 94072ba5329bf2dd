/** An unwinder that has seen other stacks of a thread finds what one finds that has seen none. */
import fc from "fast-check";
import { unwindMachine } from "../../../../src/symbols/unwind/machine";
import { UnwindInfo } from "../../../../src/symbols/unwind/unwind-info";
import { Unwinder, type UnwindProcess } from "../../../../src/symbols/unwind/unwinder";
import { ehFrame, LENGTH, type Shape, START, sourceOf } from "./eh-frame";
import { framesOf, stackCopy } from "./stack-copy";

const JIT = 0x100000;
const TOP = 0x7ffe_0001_0100;
const WORDS = 24;
/** Samples of one thread, one after the other. */
const SAMPLES = 12;

/** A file whose functions are left as `shape` says, and code without information that keeps frame pointers. */
function processOf(shape: Shape): UnwindProcess & { generation: number } {
  const info = new UnwindInfo(sourceOf({ ".eh_frame": ehFrame(shape) }));
  return {
    generation: 0,
    codeAt: (address) => {
      if (address >= START && address < START + LENGTH) return { bias: 0, info };
      return address >= JIT && address < JIT + 0x1000 ? { bias: 0, info: undefined } : undefined;
    },
  };
}

const [RBP, RSP, X29, X30, SP] = [6, 7, 29, 30, 31];
const shapes: readonly (readonly ["x64" | "arm64", string, Shape])[] = [
  ["x64", "on the stack pointer", { initial: [0x0c, RSP, 8, 0x90, 1] }],
  ["x64", "on the stack pointer, rbp saved", { initial: [0x0c, RSP, 16, 0x90, 1, 0x86, 2] }],
  ["x64", "on rbp", { initial: [0x0c, RBP, 16, 0x90, 1, 0x86, 2] }],
  ["x64", "on another register", { initial: [0x0c, 3, 16, 0x90, 1, 0x83, 2] }],
  ["arm64", "framed", { returnColumn: X30, initial: [0x0c, SP, 16, 0x9d, 2, 0x9e, 1] }],
  ["arm64", "on x29", { returnColumn: X30, initial: [0x0c, X29, 16, 0x9d, 2, 0x9e, 1] }],
];

const CODE = [START + 1, START + 5, JIT + 1] as const;
/** What may stand anywhere: code, places further up, and what leads nowhere. */
const word = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...CODE) },
  { weight: 3, arbitrary: fc.integer({ min: 0, max: WORDS }).map((i) => TOP - 8 * i) },
  { weight: 1, arbitrary: fc.constantFrom(0, 1, 2 ** 40) },
);

/** A stack that can be walked up to its end: return addresses, or with frame pointers in pairs. */
function wholeStack(isPaired: boolean): number[] {
  return Array.from({ length: WORDS }, (_, i) => {
    if (i >= WORDS - 2) return 0;
    return isPaired && i % 2 === 0 ? TOP - 8 * (WORDS - i - 2) : (CODE[i % 5 === 1 ? 0 : 1] as number);
  });
}
const sample = fc.record({
  /** Words that are other ones now. */
  changes: fc.oneof(
    { weight: 3, arbitrary: fc.constant([]) },
    {
      weight: 1,
      arbitrary: fc.array(fc.tuple(fc.integer({ min: 0, max: WORDS - 1 }), word), { maxLength: 2 }),
    },
  ),
  /** Where the stack begins, and how much of it is copied. */
  depth: fc.integer({ min: 1, max: WORDS }),
  copied: fc.constantFrom(WORDS, WORDS, WORDS, 6),
  pc: fc.constantFrom(START, START + 5),
  /** What registers hold besides: mostly where the stack begins. */
  other: fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: word }),
  /** Something was mapped. */
  isMapped: fc.constantFrom(false, false, false, true),
});

test.each(shapes)("%s, %s", (arch, _name, shape) => {
  const machine = unwindMachine(arch);
  const { columns } = machine;
  let shared = 0;
  fc.assert(
    fc.property(fc.boolean(), fc.array(sample, { minLength: 2, maxLength: SAMPLES }), (isPaired, samples) => {
      const process = processOf(shape);
      const experienced = new Unwinder(arch);
      const memory = wholeStack(isPaired);
      for (const { changes, depth: words, copied, pc, other, isMapped } of samples) {
        const depth = isPaired ? words - (words % 2) : words;
        for (const [at, value] of changes) memory[at] = value;
        if (isMapped) process.generation++;
        const registers = new BigUint64Array(machine.registerWords);
        const set = (column: number, value: number) => {
          registers[columns[column] as number] = BigInt(value);
        };
        const sp = TOP - 8 * depth;
        for (const column of [RBP, 3, X29].filter((each) => each < columns.length)) set(column, other ?? sp);
        if (X30 < columns.length) set(X30, other ?? START + 5);
        registers[machine.pcWord] = BigInt(pc);
        set(machine.spColumn, sp);
        const copy = memory.slice(WORDS - depth, WORDS - depth + copied);
        const given = stackCopy(registers, BigUint64Array.from(copy, BigInt));
        const [ours, fresh] = [experienced, new Unwinder(arch)].map((unwinder) => {
          const found = unwinder.unwind(process, given);
          return { pcs: framesOf(found), end: found.end };
        });
        expect(ours).toEqual(fresh);
        if (fresh?.end === "complete" && fresh.pcs.length > 2) shared++;
      }
    }),
    { numRuns: 400 },
  );
  // Otherwise nothing was there to be known again.
  expect(shared).toBeGreaterThan(100);
});
