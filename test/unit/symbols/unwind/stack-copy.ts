import type { UnwoundStack } from "../../../../src/symbols/unwind/unwinder";
import type { UserStackCopy } from "../../../../src/symbols/unwind/user-stack";

/** Registers and stack as they lie in a record: one behind the other. */
export function stackCopy(registers: BigUint64Array, stack: BigUint64Array): UserStackCopy {
  const both = BigUint64Array.from([...registers, ...stack]);
  return {
    words: new Uint32Array(both.buffer),
    registersAt: 0,
    stackAt: 2 * registers.length,
    stackLength: stack.byteLength,
  };
}

/** The frames that were found, kept. */
export function framesOf({ pcs, length }: UnwoundStack): number[] {
  return [...pcs.subarray(0, length)];
}
