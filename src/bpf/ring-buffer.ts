import { RingBufferHeader } from "../core/bpf-uapi";
import { Resources } from "../core/resources";
import type { Mapping, Syscalls } from "../sys/syscalls";
import type { Fd } from "./fd";
import { MapObject } from "./map-object";
import type { RingSpec } from "./map-spec";
import { decoderOf, type RecordOptions, type RecordVisitor, recordBatches } from "./ring-records";

const BUSY = RingBufferHeader.BPF_RINGBUF_BUSY_BIT | 0;
const DISCARDED = RingBufferHeader.BPF_RINGBUF_DISCARD_BIT;
const HEADER = RingBufferHeader.BPF_RINGBUF_HDR_SZ;

/** Records decoded at most by one `drain`: a slow reader leaves the rest in the ring, where the program sees it. */
const MOST_DRAINED = 4096;

/**
 * The reading end of a ring buffer, in memory shared with the kernel: no system call per record. One reader at a
 * time. Errors: a ReferenceError once closed, a BpfkitError for a record too short for its codec.
 *
 * The layout is that of kernel/bpf/ringbuf.c: a page with our position, one with the producer's, then the data
 * twice in a row, so that a record never wraps around.
 */
export class RingBuffer<R> extends MapObject<RingSpec<R>> {
  private readonly mapped = new Resources();
  private readonly shared: { ours: Mapping; theirs: Mapping };
  private readonly size: number;
  /** Bytes read so far, headers included. */
  position: number;
  private reading = false;
  /** Records handed out so far. */
  consumed = 0;
  /** Records that programs reserved and then discarded. */
  discarded = 0;

  constructor(sys: Syscalls, spec: RingSpec<R>, fd: Fd) {
    super(sys, spec, fd);
    const { pageSize } = sys;
    this.size = spec.maxEntries;
    using mapped = new Resources();
    const ours = mapped.use(sys.mmap(fd.number, pageSize, "read-write", 0));
    const theirs = mapped.use(sys.mmap(fd.number, pageSize + 2 * this.size, "read", pageSize));
    this.shared = { ours, theirs };
    this.mapped = mapped.move();
    this.position = Number(Atomics.load(new BigInt64Array(ours.buffer, 0, 1), 0));
  }

  /** Bytes that wait to be read, headers included; `spec.maxEntries` is all there is room for. */
  get pending(): number {
    void this.fd.number;
    return Number(Atomics.load(new BigInt64Array(this.shared.theirs.buffer, 0, 1), 0)) - this.position;
  }

  /** How much of the ring that is, from 0 to 1. */
  get filled(): number {
    return this.pending / this.size;
  }

  /**
   * Shows the records that are there, at most `limit`, and gives their room back; returns how many. Records that
   * come meanwhile wait for the next call, so it always ends. It stops at one that its program has not finished.
   */
  consume(visit: RecordVisitor, limit = Number.POSITIVE_INFINITY): number {
    if (this.reading) throw new TypeError(`ring buffer "${this.spec.name}": is being read already`);
    void this.fd.number; // throws once closed
    const consumer = new BigInt64Array(this.shared.ours.buffer, 0, 1);
    const { buffer } = this.shared.theirs;
    const { pageSize } = this.sys;
    const view = new DataView(buffer, pageSize);
    const headers = new Int32Array(buffer, pageSize);
    const end = Number(Atomics.load(new BigInt64Array(buffer, 0, 1), 0));
    const giveBackEvery = this.size / 8;
    const wrap = this.size - 1;
    let position = this.position;
    let at = position % this.size;
    let count = 0;
    this.reading = true;
    try {
      while (position < end && count < limit) {
        // The program clears the busy bit last: whoever sees it clear sees the whole record.
        const header = Atomics.load(headers, at >>> 2);
        if ((header & BUSY) !== 0) break;
        const length = header & ~DISCARDED;
        const record = at + HEADER;
        const taken = HEADER + ((length + 7) & ~7);
        position += taken;
        at = (at + taken) & wrap;
        if ((header & DISCARDED) !== 0) {
          this.discarded++;
          continue;
        }
        count++;
        visit(view, record, length);
        if (this.fd.closed) break;
        if (position - this.position >= giveBackEvery) {
          this.position = position;
          Atomics.store(consumer, 0, BigInt(position));
        }
      }
    } finally {
      this.reading = false;
      this.consumed += count;
      if (position !== this.position && !this.fd.closed) {
        this.position = position;
        Atomics.store(consumer, 0, BigInt(position));
      }
    }
    return count;
  }

  /** The records that are there, decoded, at most `limit`. */
  drain(limit = MOST_DRAINED): R[] {
    const records: R[] = [];
    const decode = decoderOf(`ring buffer "${this.spec.name}"`, this.spec.record);
    this.consume((view, at, length) => {
      records.push(decode(view, at, length));
    }, limit);
    return records;
  }

  /**
   * Records as they come, in batches, until `signal` is aborted; what is there by then still comes. A reader that
   * takes its time leaves records in the ring, and when that is full the program's reserve fails.
   */
  batches(options: RecordOptions = {}): AsyncGenerator<R[], void, undefined> {
    return recordBatches(this.sys, this, options);
  }

  /** Like `batches`, one by one. */
  async *records(options: RecordOptions = {}): AsyncGenerator<R, void, undefined> {
    for await (const batch of this.batches(options)) yield* batch;
  }

  [Symbol.asyncIterator](): AsyncGenerator<R, void, undefined> {
    return this.records();
  }

  override [Symbol.dispose](): void {
    this.mapped[Symbol.dispose]();
    super[Symbol.dispose]();
  }
}
