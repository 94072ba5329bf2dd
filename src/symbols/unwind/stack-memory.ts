/** The copy of the top of a user stack: the only memory an unwinder can read. */
import { addressOf, type UserStackCopy } from "./user-stack";

/** What was wrong with the address that was read. */
export type MemoryFault =
  /** It is further up on the stack than the copy reaches. */
  | "beyond"
  /** It is not on the stack. */
  | "elsewhere";

/** How far up a stack may reach: RLIMIT_STACK's default. What is further away is taken for no address of the stack. */
const MOST_STACK = 8 * 1024 * 1024;

export class StackMemory {
  /** What was wrong with the last address that could not be read. */
  fault: MemoryFault | undefined;
  private words: Uint32Array = new Uint32Array(0);
  private first = 0;
  private base = 0;
  private length = 0;

  constructor(private readonly highMask: number) {}

  /** Looks at another copy, whose first byte was at `base`. */
  show(base: number, { words, stackAt, stackLength }: UserStackCopy): void {
    this.base = base;
    this.words = words;
    this.first = stackAt;
    this.length = stackLength;
    this.fault = undefined;
  }

  /** The word at an address, as an address; NaN where the copy does not have it. */
  readonly word = (address: number): number => {
    const offset = address - this.base;
    if (offset >= 0 && offset <= this.length - 8) {
      const i = this.first + (offset >>> 2);
      const bits = (offset & 3) * 8;
      return addressOf(this.half(i + 1, bits), this.half(i, bits), this.highMask);
    }
    // An address that is not known itself has its own cause already.
    if (!Number.isNaN(address)) this.fault = offset >= 0 && offset < MOST_STACK ? "beyond" : "elsewhere";
    return Number.NaN;
  };

  /** The half word that begins so many bits into the one at `i`: hardly any is not aligned. */
  private half(i: number, bits: number): number {
    const low = this.words[i] as number;
    return bits === 0 ? low : ((low >>> bits) | ((this.words[i + 1] as number) << (32 - bits))) >>> 0;
  }
}
