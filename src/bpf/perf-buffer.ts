import { Resources } from "../core/resources";
import { onlineCpusOf } from "../sys/cpus";
import { BPF_OUTPUT, PerfHeader, PerfRecord, PerfSample, PerfType } from "../sys/perf-event";
import type { Access } from "./access";
import type { BpfMap } from "./map";
import type { PerfBufferSpec } from "./perf-buffer-spec";
import { PerfRing } from "./perf-ring";
import { decoderOf, type RecordOptions, type RecordVisitor, recordBatches } from "./ring-records";

/** After the header of a PERF_RECORD_SAMPLE: the length of what the program wrote, then that. */
const LENGTH_AT = PerfHeader.size;
const DATA_AT = LENGTH_AT + 4;

/** Wakes nobody before a ring is half full: the reader looks by itself. */
const EVENT = {
  type: PerfType.software,
  config: BPF_OUTPUT,
  sampleType: PerfSample.raw,
  samplePeriod: 1,
} as const;

/**
 * The reading end of a perf buffer: a ring for each CPU that was online when it was opened, in memory shared with the
 * kernel. One reader at a time. Errors: a ReferenceError once closed, a BpfkitError for a record too short for its codec.
 */
export class PerfBuffer<R> implements Disposable {
  private readonly owned: Resources;
  private readonly rings: readonly PerfRing[];
  private reading = false;
  /** Records handed out so far. */
  consumed = 0;

  /** Opens an event on each CPU and puts it into the map, which the buffer takes possession of. */
  constructor(
    private readonly access: Access,
    readonly spec: PerfBufferSpec<R>,
    private readonly map: BpfMap<number, number>,
  ) {
    using owned = new Resources();
    owned.use(map);
    this.rings = onlineCpusOf(access.sys).flatMap((cpu) => {
      const ring = openRing(access, spec, cpu);
      if (ring === undefined) return [];
      owned.use(ring);
      map.update(cpu, ring.event.number);
      return [ring];
    });
    this.owned = owned.move();
  }

  /** The map's file descriptor. */
  get number(): number {
    return this.map.number;
  }

  /** Bytes read so far, of all CPUs, headers included. */
  get position(): number {
    return this.rings.reduce((sum, ring) => sum + ring.position, 0);
  }

  /** Bytes that wait to be read, of all CPUs, headers included. */
  get pending(): number {
    void this.number; // throws once closed
    return this.rings.reduce((sum, ring) => sum + ring.pending, 0);
  }

  /**
   * Records that found no room. A ring tells of them in front of the next record that does, so those after the last
   * one are not known here: where each counts, let the program count what the helper refused.
   */
  get lost(): number {
    return this.rings.reduce((sum, ring) => sum + ring.lost, 0);
  }

  /** Shows the records that are there, CPU by CPU, and gives their room back; returns how many. */
  consume(visit: RecordVisitor): number {
    if (this.reading) throw new TypeError(`perf buffer "${this.spec.name}": is being read already`);
    void this.number; // throws once closed
    const before = this.consumed;
    this.reading = true;
    try {
      for (const ring of this.rings) {
        if (this.owned.disposed) break;
        ring.consume((record, type) => {
          if (type !== PerfRecord.sample) return;
          this.consumed++;
          visit(record, DATA_AT, record.getUint32(LENGTH_AT, true));
        });
      }
    } finally {
      this.reading = false;
    }
    return this.consumed - before;
  }

  /** The records that are there, decoded: CPU by CPU, in order for each. */
  drain(): R[] {
    const records: R[] = [];
    const decode = decoderOf(`perf buffer "${this.spec.name}"`, this.spec.record);
    this.consume((view, at, length) => {
      records.push(decode(view, at, length));
    });
    return records;
  }

  /** Records as they come, in batches, until `signal` is aborted; what is there by then still comes. */
  batches(options: TimedRecordOptions = {}): AsyncGenerator<R[], void, undefined> {
    return recordBatches(this.access.sys, this, { ...options, wake: "timer" });
  }

  /** Like `batches`, one by one. */
  async *records(options: TimedRecordOptions = {}): AsyncGenerator<R, void, undefined> {
    for await (const batch of this.batches(options)) yield* batch;
  }

  [Symbol.asyncIterator](): AsyncGenerator<R, void, undefined> {
    return this.records();
  }

  [Symbol.dispose](): void {
    this.owned[Symbol.dispose]();
  }
}

/** Undefined when the CPU was unplugged since the list was read. */
function openRing(access: Access, spec: PerfBufferSpec<unknown>, cpu: number): PerfRing | undefined {
  return PerfRing.open(access, EVENT, { cpu, bytes: spec.bytesPerCpu, what: `perf buffer "${spec.name}"` });
}

/** How a reader that looks by itself does so: until when, and how often. */
export type TimedRecordOptions = Pick<RecordOptions, "signal" | "intervalMs">;
