import type { MappingEvents } from "../../../src/bpf/mapping-events";
import { errno } from "../../../src/core/errno";
import { PermissionError } from "../../../src/core/errors";
import { fakeKernel } from "../../fake-kernel";
import { PerfProducer } from "./perf-producer";

const COMM = 3;
const FORK = 7;
const MMAP2 = 10;
const EXEC = 1 << 13;

function opened(): { events: MappingEvents; cpus: [PerfProducer, PerfProducer]; sizes: number[] } {
  const { kernel, sys } = fakeKernel();
  const events = kernel.watchMappings();
  const memory = [...sys.perfMemory.values()];
  const [first, second] = memory.map((each) => new PerfProducer(each));
  return {
    events,
    cpus: [first as PerfProducer, second as PerfProducer],
    sizes: memory.map((each) => each.byteLength),
  };
}

/** 32-bit words, then more, then the time. */
function record(words: readonly number[], rest: Uint8Array, timeNs: bigint): Uint8Array {
  return Buffer.concat([
    new Uint8Array(Uint32Array.from(words).buffer),
    rest,
    new Uint8Array(BigUint64Array.of(timeNs).buffer),
  ]);
}

function mapped(name: string): Uint8Array {
  const numbers = [0x7f00_0000_1000n, 0x3000n, 0x2000n, (1n << 32n) | 0xfdn, 4711n, 0n, 5n];
  const letters = Buffer.alloc(Math.ceil((name.length + 1) / 8) * 8);
  letters.write(name);
  return Buffer.concat([new Uint8Array(BigUint64Array.from(numbers).buffer), letters]);
}

test("forks, programs and mappings come in the order of their times, whatever the CPU", () => {
  const { events, cpus } = opened();
  const [a, b] = cpus;
  b.record(MMAP2, record([12, 12], mapped("/usr/lib/libc.so.6"), 30n));
  a.record(FORK, record([12, 1, 12, 1, 0, 0], new Uint8Array(0), 10n));
  a.record(COMM, record([12, 12], Buffer.from("sh\0\0\0\0\0\0"), 20n), EXEC);
  expect(events.drain()).toEqual([
    { kind: "fork", pid: 12, parent: 1 },
    { kind: "exec", pid: 12 },
    {
      ...{ kind: "map", pid: 12, start: 0x7f00_0000_1000, end: 0x7f00_0000_4000, offset: 0x2000 },
      ...{ device: "fd:01", inode: 4711n, name: "/usr/lib/libc.so.6" },
    },
  ]);
  expect(events.drain()).toEqual([]);
});

test("threads and names of one's own are passed over", () => {
  const { events, cpus } = opened();
  cpus[0].record(FORK, record([12, 12, 13, 12, 0, 0], new Uint8Array(0), 10n));
  cpus[0].record(COMM, record([12, 12], Buffer.from("worker\0\0"), 20n));
  expect(events.drain()).toEqual([]);
});

test("as full as the ring that is fullest", () => {
  const { events, cpus, sizes } = opened();
  expect(events.filled).toBe(0);
  const [small, large] = [record([12, 12], mapped("a"), 10n), record([12, 12], mapped("a".repeat(99)), 20n)];
  cpus[0].record(MMAP2, small);
  cpus[1].record(MMAP2, large);
  // Records have a header of 8 bytes; a page of positions comes before them.
  expect(events.filled).toBe((8 + large.length) / ((sizes[1] as number) - 4096));
  events.drain();
  expect(events.filled).toBe(0);
});

test("what found no room on any CPU is counted", () => {
  const { events, cpus } = opened();
  const LOST = 2;
  for (const [i, cpu] of cpus.entries())
    cpu.record(LOST, new Uint8Array(BigUint64Array.of(1n, 5n + BigInt(i)).buffer));
  expect(events.lost).toBe(0);
  events.drain();
  expect(events.lost).toBe(11);
});

test("without the right to watch every process it is refused", () => {
  const { kernel, sys } = fakeKernel();
  sys.perfRefusal = () => errno.EACCES;
  expect(() => kernel.watchMappings()).toThrow(PermissionError);
});
