/** The copy of the top of a user stack: the only memory an unwinder can read. */

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
  private view: DataView = new DataView(new ArrayBuffer(0));
  private base = 0;

  constructor(private readonly highMask: number) {}

  /** Looks at another copy, whose first byte was at `base`. */
  show(base: number, bytes: Uint8Array): void {
    this.base = base;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.fault = undefined;
  }

  /** The word at an address, as an address; NaN where the copy does not have it. */
  readonly word = (address: number): number => {
    const offset = address - this.base;
    if (offset >= 0 && offset <= this.view.byteLength - 8)
      return (
        ((this.view.getUint32(offset + 4, true) & this.highMask) >>> 0) * 2 ** 32 +
        this.view.getUint32(offset, true)
      );
    // An address that is not known itself has its own cause already.
    if (!Number.isNaN(address)) this.fault = offset >= 0 && offset < MOST_STACK ? "beyond" : "elsewhere";
    return Number.NaN;
  };
}
