/**
 * The ring of one CPU, in memory shared with the kernel: a page with the positions, then the data. Unlike a BPF ring
 * buffer's the data is mapped once, so a record may go round the end; such a one is put together in a buffer of ours.
 *
 * Layout and order of access: include/uapi/linux/perf_event.h, kernel/events/ring_buffer.c.
 */
import { errno } from "../core/errno";
import { BpfkitError } from "../core/errors";
import { Resources } from "../core/resources";
import { PerfHeader, PerfPage, PerfRecord } from "../sys/perf-event";
import type { Mapping, Syscalls } from "../sys/syscalls";
import type { Access } from "./access";
import { Fd } from "./fd";
import { openPerfEvent, type PerfFields } from "./hooks/perf-attachment";

/** After the header of a PERF_RECORD_LOST: the event's id, then how many records found no room. */
const LOST_AT = PerfHeader.size + 8;

/** Looks at a record, which begins with its header and is there during the call only. */
export type PerfRecordVisitor = (record: DataView, type: number, misc: number) => void;

export class PerfRing implements Disposable {
  private readonly owned: Resources;
  private readonly mapping: Mapping;
  private readonly dataAt: number;
  private joined = new Uint8Array(0);
  /** Bytes read so far, headers included. */
  position: number;
  /** Records that found no room, as far as the ring has told: it does with the next record that finds some. */
  lost = 0;

  constructor(
    sys: Syscalls,
    readonly cpu: number,
    /** The event, which the ring takes possession of. */
    readonly event: Fd,
    private readonly size: number,
  ) {
    using owned = new Resources();
    owned.use(event);
    this.dataAt = sys.pageSize;
    this.mapping = owned.use(sys.mmap(event.number, this.dataAt + size, "read-write", 0));
    this.position = Number(Atomics.load(this.word(PerfPage.dataTail), 0));
    this.owned = owned.move();
  }

  /**
   * Opens an event of every process on one CPU, with a ring of so many bytes, a power of two of pages. Undefined when the
   * CPU was unplugged since somebody saw it. Throws what the access says of a refusal to open `what`.
   */
  static open(
    access: Access,
    fields: PerfFields,
    { cpu, bytes, what }: { readonly cpu: number; readonly bytes: number; readonly what: string },
  ): PerfRing | undefined {
    const event = openPerfEvent(access, fields, { pid: -1, cpu });
    if (event === -errno.ENODEV) return undefined;
    if (event < 0) throw access.refusal(`open ${what}`, -event);
    return new PerfRing(access.sys, cpu, new Fd(access.sys, event, "perf event"), bytes);
  }

  /** Bytes that wait to be read, headers included. */
  get pending(): number {
    return this.head - this.position;
  }

  /** How much of the ring that is, from 0 to 1. */
  get filled(): number {
    return this.pending / this.size;
  }

  /** Shows the records that are there and gives their room back. What comes meanwhile waits. */
  consume(visit: PerfRecordVisitor): void {
    const end = this.head;
    try {
      while (this.position < end && !this.owned.disposed) this.take(visit);
    } finally {
      this.giveBack();
    }
  }

  [Symbol.dispose](): void {
    this.owned[Symbol.dispose]();
  }

  /** Steps over one record. */
  private take(visit: PerfRecordVisitor): void {
    const { type, misc, size } = PerfHeader.decode(this.data, this.position % this.size);
    if (size < PerfHeader.size)
      throw new BpfkitError(`perf ring of CPU ${this.cpu}: a record of ${size} bytes at ${this.position}`);
    const view = this.record(this.position % this.size, size);
    this.position += size;
    if (type === PerfRecord.lost) this.lost += Number(view.getBigUint64(LOST_AT, true));
    else visit(view, type, misc);
  }

  /** The record that begins at `at`, whole. */
  private record(at: number, length: number): DataView {
    const { buffer } = this.mapping;
    if (at + length <= this.size) return new DataView(buffer, this.dataAt + at, length);
    if (this.joined.length < length) this.joined = new Uint8Array(length);
    const first = this.size - at;
    this.joined.set(new Uint8Array(buffer, this.dataAt + at, first));
    this.joined.set(new Uint8Array(buffer, this.dataAt, length - first), first);
    return new DataView(this.joined.buffer, 0, length);
  }

  private get data(): DataView {
    return new DataView(this.mapping.buffer, this.dataAt, this.size);
  }

  /** What the kernel wrote before it moved the head is seen by whoever has read the head. */
  private get head(): number {
    return Number(Atomics.load(this.word(PerfPage.dataHead), 0));
  }

  /** The kernel writes over what lies before the tail. A visitor may have closed the ring. */
  private giveBack(): void {
    if (!this.owned.disposed) Atomics.store(this.word(PerfPage.dataTail), 0, BigInt(this.position));
  }

  private word(at: number): BigInt64Array {
    return new BigInt64Array(this.mapping.buffer, at, 1);
  }
}
