import type { Mapping } from "./syscalls";

/** Mapped memory with one owner. `withdraw` takes the kernel's pages away and leaves harmless ones. */
export class OwnedMapping implements Mapping {
  private memory: ArrayBuffer | undefined;
  readonly length: number;

  constructor(
    buffer: ArrayBuffer,
    private readonly withdraw: () => void,
  ) {
    this.memory = buffer;
    this.length = buffer.byteLength;
  }

  get buffer(): ArrayBuffer {
    if (this.memory === undefined) throw new ReferenceError("mapping is disposed");
    return this.memory;
  }

  [Symbol.dispose](): void {
    if (this.memory === undefined) return;
    this.memory = undefined;
    this.withdraw();
  }
}
