export const PAGE = 4096;
const LOST = 2;
export const SAMPLE = 9;

/** The kernel's end of one CPU's ring, as kernel/events/ring_buffer.c fills it. */
export class PerfProducer {
  private head = 0;
  lost = 0;
  private readonly page: BigUint64Array;
  private readonly data: Uint8Array;

  constructor(memory: ArrayBuffer) {
    this.page = new BigUint64Array(memory, 0, PAGE / 8);
    this.data = new Uint8Array(memory, PAGE);
  }

  /** Writes what a program sends, and in front of it how many were lost before; false if there is no room. */
  send(bytes: Uint8Array): boolean {
    const padded = Math.ceil((bytes.length + 4) / 8) * 8 - 4;
    const body = new Uint8Array(4 + padded);
    new DataView(body.buffer).setUint32(0, padded, true);
    body.set(bytes, 4);
    const told = this.lost > 0 ? 24 : 0;
    if (this.head + told + 8 + body.length - Number(this.page[129]) > this.data.length) {
      this.lost++;
      return false;
    }
    if (this.lost > 0) this.record(LOST, new Uint8Array(BigUint64Array.of(77n, BigInt(this.lost)).buffer));
    this.lost = 0;
    this.record(SAMPLE, body);
    return true;
  }

  record(type: number, body: Uint8Array, misc = 0): void {
    const header = new DataView(new ArrayBuffer(8));
    header.setUint32(0, type, true);
    header.setUint16(4, misc, true);
    header.setUint16(6, 8 + body.length, true);
    for (const byte of [...new Uint8Array(header.buffer), ...body])
      this.data[this.head++ % this.data.length] = byte;
    this.page[128] = BigInt(this.head);
  }
}
