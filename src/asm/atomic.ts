import { Instruction } from "./instruction";
import { Atomic, Class, Mode } from "./opcode";
import { checkOffset, checkRegister, checkWidth, checkWritable } from "./operand";
import type { Register } from "./register";

/** An atomic read-modify-write of `*(uN *)(base + offset)` with `value`. */
export type AtomicBuilder = (width: 4 | 8, base: Register, offset: number, value: Register) => Instruction;

function atomic(operation: number, writesValue: boolean): AtomicBuilder {
  return function build(width, base, offset, value) {
    return new Instruction(
      {
        opcode: Class.STX | Mode.ATOMIC | checkWidth(width, [4, 8], build),
        dst: checkRegister(base, build),
        src: writesValue ? checkWritable(value, build) : checkRegister(value, build),
        offset: checkOffset(offset, build),
        imm: operation,
      },
      build,
    );
  };
}

/** `*p += value`. The only one before Linux 5.12. */
export const atomicAdd = atomic(Atomic.add, false);
export const atomicOr = atomic(Atomic.or, false);
export const atomicAnd = atomic(Atomic.and, false);
export const atomicXor = atomic(Atomic.xor, false);

// These leave the old value in the value register. Since Linux 5.12.
export const atomicFetchAdd = atomic(Atomic.add | Atomic.fetch, true);
export const atomicFetchOr = atomic(Atomic.or | Atomic.fetch, true);
export const atomicFetchAnd = atomic(Atomic.and | Atomic.fetch, true);
export const atomicFetchXor = atomic(Atomic.xor | Atomic.fetch, true);
/** Stores value, leaves the old one in its register. Since Linux 5.12. */
export const atomicExchange = atomic(Atomic.xchg, true);
/** Stores value if the old one equals r0; r0 becomes the old one. Since Linux 5.12. */
export const atomicCompareExchange = atomic(Atomic.cmpxchg, false);
