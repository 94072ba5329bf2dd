import { mov } from "../alu";
import { helper } from "../helper-ids";
import { type Block, label, type MapRef } from "../instruction";
import { call, jump } from "../jump";
import { loadMap } from "../memory";
import { type Register, r0, r1, r2, r3 } from "../register";

/** What `emitRecord` writes, and where. */
export interface RecordOptions {
  /** The ring buffer. */
  readonly ring: MapRef;
  /** Bytes of the record. */
  readonly size: number;
  /** Holds the record's address while it is filled: one of the registers that calls keep, r6 to r9. */
  readonly record: Register;
  /** Writes every byte of the record: what is left out shows old data of the kernel's memory. */
  readonly fill: Block;
  /** Of the submit: BPF_RB_NO_WAKEUP, BPF_RB_FORCE_WAKEUP, or 0, where the kernel decides. */
  readonly flags?: number;
  /** Runs when the ring buffer is full: the place to count what was lost. */
  readonly onFull?: Block;
}

/** Reserves a record in a ring buffer, fills and submits it. Loses r0–r5. Since Linux 5.8. */
export function emitRecord({ ring, size, record, fill, flags = 0, onFull = [] }: RecordOptions): Block {
  const done = label("done");
  const full = onFull.length === 0 ? done : label("full");
  return [
    [loadMap(r1, ring), mov(r2, size), mov(r3, 0), call(helper.ringbufReserve)],
    jump.eq(r0, 0, full),
    [mov(record, r0), fill],
    [mov(r1, record), mov(r2, flags), call(helper.ringbufSubmit)],
    full === done ? [] : [jump.always(done), full, onFull],
    done,
  ];
}
