/** What an unwinder is given of a thread: both parts where they lie, so that nothing is copied for a sample. */
export interface UserStackCopy {
  /** Little-endian halves of 64-bit words. The indices are into this. */
  readonly words: Uint32Array;
  /** The words at the start of the kernel's `struct pt_regs`. */
  readonly registersAt: number;
  /** What lay at the stack pointer and above. */
  readonly stackAt: number;
  /** Bytes of the stack. */
  readonly stackLength: number;
}

/** The halves of a word as an address. What stands above those that there are is taken off by `UnwindMachine.highMask`. */
export function addressOf(high: number, low: number, highMask: number): number {
  return ((high & highMask) >>> 0) * 2 ** 32 + low;
}
