import fc from "fast-check";
import { type RingSpec, ringBuffer } from "../../../src/bpf/map-spec";
import type { RingBuffer } from "../../../src/bpf/ring-buffer";
import { u32 } from "../../../src/core/codec";
import { fakeKernel } from "../../fake-kernel";

const PAGE = 4096;
const BUSY = 2 ** 31;
const DISCARDED = 2 ** 30;

/** The kernel's end of a ring buffer, as kernel/bpf/ringbuf.c lays it out. */
class Producer {
  private position = 0;
  constructor(
    private readonly shared: ArrayBuffer,
    private readonly ours: ArrayBuffer,
    private readonly size: number,
  ) {}

  /** Writes a record, if there is room; returns where, to finish it later. */
  put(bytes: Uint8Array, flags = 0): number | undefined {
    const taken = 8 + Math.ceil(bytes.length / 8) * 8;
    const consumed = Number(new BigUint64Array(this.ours, 0, 1)[0]);
    if (this.position + taken - consumed > this.size - 1) return undefined;
    const at = this.position % this.size;
    for (const [i, byte] of bytes.entries()) this.write(at + 8 + i, byte);
    this.header(at, bytes.length, flags);
    this.position += taken;
    new BigUint64Array(this.shared, 0, 1)[0] = BigInt(this.position);
    return at;
  }

  header(at: number, length: number, flags: number): void {
    const view = new DataView(new ArrayBuffer(4));
    view.setUint32(0, length + flags, true);
    for (let i = 0; i < 4; i++) this.write(at + i, view.getUint8(i));
  }

  /** The data is mapped twice in a row. */
  private write(at: number, byte: number): void {
    const data = new Uint8Array(this.shared, PAGE);
    data[at % this.size] = byte;
    data[(at % this.size) + this.size] = byte;
  }
}

function opened<R>(spec: RingSpec<R>): { ring: RingBuffer<R>; producer: Producer } {
  const { kernel, sys } = fakeKernel();
  const ring = kernel.createRingBuffer(spec);
  const { memory } = sys.map(spec.name);
  return { ring, producer: new Producer(memory.get(PAGE)!, memory.get(0)!, spec.maxEntries) };
}

const word = (value: number) => new Uint8Array(Uint32Array.of(value).buffer);

test("records are read in order and their room is given back", () => {
  const { ring, producer } = opened(ringBuffer("ring", PAGE, u32));
  expect(ring.drain()).toEqual([]);
  for (const value of [1, 2, 3]) producer.put(word(value));
  expect([ring.pending, ring.drain(), ring.pending, ring.position]).toEqual([48, [1, 2, 3], 0, 48]);
});

test("a record that is being written holds back those after it", () => {
  const { ring, producer } = opened(ringBuffer("ring", PAGE, u32));
  producer.put(word(1));
  const busy = producer.put(word(2), BUSY)!;
  producer.put(word(3));
  expect(ring.drain()).toEqual([1]);
  expect(ring.drain()).toEqual([]);
  producer.header(busy, 4, 0);
  expect(ring.drain()).toEqual([2, 3]);
});

test("discarded records are passed over and counted", () => {
  const { ring, producer } = opened(ringBuffer("ring", PAGE, u32));
  producer.put(word(1), DISCARDED);
  producer.put(word(2));
  producer.put(word(3), DISCARDED);
  expect([ring.drain(), ring.discarded, ring.consumed, ring.pending]).toEqual([[2], 2, 1, 0]);
});

test("a reader that stops at its limit leaves the rest", () => {
  const { ring, producer } = opened(ringBuffer("ring", PAGE, u32));
  for (let value = 0; value < 10; value++) producer.put(word(value));
  expect([ring.drain(3), ring.drain(3), ring.drain()]).toEqual([
    [0, 1, 2],
    [3, 4, 5],
    [6, 7, 8, 9],
  ]);
});

test("records without a codec are copied, of any length", () => {
  const { ring, producer } = opened(ringBuffer("ring", PAGE));
  const records = [Uint8Array.of(1), new Uint8Array(100).fill(7), new Uint8Array(0)];
  for (const record of records) producer.put(record);
  expect(ring.drain()).toEqual(records);
});

test("a record that is too short for its codec is one error, and the next is read", () => {
  const { ring, producer } = opened(ringBuffer("ring", PAGE, u32));
  producer.put(Uint8Array.of(1, 2));
  producer.put(word(5));
  expect(() => ring.drain()).toThrow('ring buffer "ring": a record of 2 bytes, its codec needs 4');
  expect(ring.drain()).toEqual([5]);
});

test("a visitor that throws does not see its record again", () => {
  const { ring, producer } = opened(ringBuffer("ring", PAGE, u32));
  for (const value of [1, 2]) producer.put(word(value));
  expect(() =>
    ring.consume(() => {
      throw new Error("mine");
    }),
  ).toThrow("mine");
  expect(ring.drain()).toEqual([2]);
});

test("any records, read at any time, arrive whole and in order", () => {
  const step = fc.oneof(
    fc.record({ bytes: fc.uint8Array({ maxLength: 700 }), discard: fc.boolean() }),
    fc.constant("read" as const),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const { ring, producer } = opened(ringBuffer("ring", PAGE));
      const sent: Uint8Array[] = [];
      const received: Uint8Array[] = [];
      for (const item of [...steps, "read" as const])
        if (item === "read") received.push(...ring.drain());
        else if (producer.put(item.bytes, item.discard ? DISCARDED : 0) !== undefined && !item.discard)
          sent.push(item.bytes);
      expect(received.map((bytes) => [...bytes])).toEqual(sent.map((bytes) => [...bytes]));
    }),
    { numRuns: 50 },
  );
});

test.each(["timer", "event"] as const)("records as they come, by %s, until aborted", async (wake) => {
  const { ring, producer } = opened(ringBuffer("ring", PAGE, u32));
  const ending = new AbortController();
  const seen: number[] = [];
  setImmediate(() => producer.put(word(1)));
  for await (const value of ring.records({ wake, signal: ending.signal, intervalMs: 1 })) {
    seen.push(value);
    if (value < 5) setImmediate(() => producer.put(word(value + 1)));
    else {
      ending.abort();
      // What comes after the end is not waited for.
      producer.put(word(99));
    }
  }
  expect(seen).toEqual([1, 2, 3, 4, 5]);
});

test("a ring closed while a reader waits ends the reader, and the abort after that does no harm", async () => {
  const { ring } = opened(ringBuffer("ring", PAGE, u32));
  const ending = new AbortController();
  const next = ring.records({ signal: ending.signal, intervalMs: 1 }).next();
  ring[Symbol.dispose]();
  ending.abort();
  expect(await next).toEqual({ done: true, value: undefined });
});
