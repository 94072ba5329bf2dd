/**
 * What processes map, as the kernel tells of it: perf events of no counter, on every CPU. So one that ends at once has
 * maps too. Records: perf_event_open(2); since Linux 3.16.
 */
import { cstring } from "../core/codec";
import { Resources } from "../core/resources";
import type { MappingEvent, MappingEventSource } from "../symbols/mapping-history";
import { onlineCpusOf } from "../sys/cpus";
import { COMM_EXEC, DUMMY, PerfFlag, PerfHeader, PerfRecord, PerfSample, PerfType } from "../sys/perf-event";
import type { Access } from "./access";
import { PerfRing } from "./perf-ring";

const EVENT = {
  type: PerfType.software,
  config: DUMMY,
  sampleType: PerfSample.time,
  flags:
    PerfFlag.mmap | PerfFlag.mmap2 | PerfFlag.comm | PerfFlag.commExec | PerfFlag.task | PerfFlag.sampleIdAll,
} as const;

/** For each CPU, of how many there may be: an execve with its libraries takes about 1 KiB. */
function bytesFor(cpus: number): number {
  return 2 ** Math.floor(Math.log2(Math.min(256 * 1024, Math.max(64 * 1024, MOST_BYTES / cpus))));
}
const MOST_BYTES = 16 * 1024 * 1024;

/** Places in records, behind the header: of PERF_RECORD_FORK, _COMM and _MMAP2 the process comes first. */
const PID = PerfHeader.size;
const PARENT = PerfHeader.size + 4;
const Mmap2 = { start: 16, length: 24, offset: 32, major: 40, minor: 44, inode: 48, name: 72 } as const;
/** Every record ends with its time. */
const TIME_SIZE = 8;

interface Timed {
  readonly timeNs: bigint;
  readonly event: MappingEvent;
}

/** What processes map from when this was opened on. Errors: a ReferenceError once closed. */
export class MappingEvents implements MappingEventSource, Disposable {
  private readonly owned: Resources;
  private readonly rings: readonly PerfRing[];

  /** Throws a PermissionError without the right to watch every process. */
  constructor(access: Access) {
    using owned = new Resources();
    const cpus = onlineCpusOf(access.sys);
    const bytes = bytesFor(cpus.length);
    this.rings = cpus.flatMap((cpu) => {
      const ring = PerfRing.open(access, EVENT, { cpu, bytes, what: "events of mapped memory" });
      return ring === undefined ? [] : [owned.use(ring)];
    });
    this.owned = owned.move();
  }

  /** What has come since the last time, in the order it happened. */
  drain(): MappingEvent[] {
    const found: Timed[] = [];
    for (const ring of this.rings)
      ring.consume((record, type, misc) => {
        const event = eventOf(record, type, misc);
        if (event === undefined) return;
        found.push({ timeNs: record.getBigUint64(record.byteLength - TIME_SIZE, true), event });
      });
    // A process may have moved to another CPU in between.
    found.sort((a, b) => Number(a.timeNs - b.timeNs));
    return found.map(({ event }) => event);
  }

  /** Of the fullest ring, from 0 to 1. */
  get filled(): number {
    return Math.max(0, ...this.rings.map((ring) => ring.filled));
  }

  /** Events that found no room, as far as the rings have told: they do with the next that finds some. */
  get lost(): number {
    return this.rings.reduce((sum, ring) => sum + ring.lost, 0);
  }

  [Symbol.dispose](): void {
    this.owned[Symbol.dispose]();
  }
}

function eventOf(record: DataView, type: number, misc: number): MappingEvent | undefined {
  const pid = record.getUint32(PID, true);
  if (type === PerfRecord.comm) return (misc & COMM_EXEC) === 0 ? undefined : { kind: "exec", pid };
  if (type === PerfRecord.fork) {
    const parent = record.getUint32(PARENT, true);
    // The start of a thread is told in the same way.
    return parent === pid ? undefined : { kind: "fork", pid, parent };
  }
  if (type !== PerfRecord.mmap2) return undefined;
  const start = Number(record.getBigUint64(Mmap2.start, true));
  const hex = (at: number) => record.getUint32(at, true).toString(16).padStart(2, "0");
  return {
    kind: "map",
    pid,
    start,
    end: start + Number(record.getBigUint64(Mmap2.length, true)),
    offset: Number(record.getBigUint64(Mmap2.offset, true)),
    device: `${hex(Mmap2.major)}:${hex(Mmap2.minor)}`,
    inode: record.getBigUint64(Mmap2.inode, true),
    name: cstring(record.byteLength - TIME_SIZE - Mmap2.name).decode(record, Mmap2.name),
  };
}
