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
