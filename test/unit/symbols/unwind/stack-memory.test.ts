import fc from "fast-check";
import { StackMemory } from "../../../../src/symbols/unwind/stack-memory";

const BASE = 0x7ffe_0000_1000;
const WORDS = 4;
/** Words in front of the copy. */
const AT = 6;

const copyOf = (stack: readonly bigint[]) => {
  const words = new Uint32Array(BigUint64Array.from([7n, 7n, 7n, ...stack]).buffer);
  return { words, registersAt: 0, stackAt: AT, stackLength: 8 * stack.length };
};

test("every word that lies whole in the copy is read, and no other", () => {
  const word = fc.bigInt({ min: 0n, max: 2n ** 52n - 1n });
  fc.assert(
    fc.property(
      fc.array(word, { minLength: WORDS, maxLength: WORDS }),
      fc.integer({ min: -9, max: 8 * WORDS + 1 }),
      (stack, offset) => {
        const copy = copyOf(stack);
        const memory = new StackMemory(0xffff_ffff);
        memory.show(BASE, copy);
        const isThere = offset >= 0 && offset <= 8 * WORDS - 8;
        const view = new DataView(copy.words.buffer, 4 * AT);
        expect(memory.word(BASE + offset)).toBe(
          isThere ? Number(view.getBigUint64(offset, true)) : Number.NaN,
        );
        expect(memory.fault).toBe(isThere ? undefined : offset < 0 ? "elsewhere" : "beyond");
      },
    ),
  );
});

test("what stands above an address is taken off", () => {
  const memory = new StackMemory(0xffff);
  memory.show(BASE, copyOf([0xabcd_1234_5678_9abcn]));
  expect(memory.word(BASE)).toBe(0x1234_5678_9abc);
});

test("what is not known is nowhere, and no fault of the memory", () => {
  const memory = new StackMemory(0xffff);
  memory.show(BASE, copyOf([1n]));
  expect(memory.word(Number.NaN)).toBeNaN();
  expect(memory.fault).toBeUndefined();
});
