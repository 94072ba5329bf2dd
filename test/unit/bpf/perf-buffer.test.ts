import fc from "fast-check";
import type { PerfBuffer } from "../../../src/bpf/perf-buffer";
import { type PerfBufferSpec, perfBuffer } from "../../../src/bpf/perf-buffer-spec";
import { Session } from "../../../src/bpf/session";
import { u32 } from "../../../src/core/codec";
import { errno } from "../../../src/core/errno";
import { type FakeSyscalls, fakeKernel } from "../../fake-kernel";
import { PAGE, PerfProducer, SAMPLE } from "./perf-producer";

const THROTTLE = 5;

function opened<R>(spec: PerfBufferSpec<R>): {
  buffer: PerfBuffer<R>;
  sys: FakeSyscalls;
  cpu0: PerfProducer;
  cpu1: PerfProducer;
} {
  const { kernel, sys } = fakeKernel({ possibleCpus: 4 });
  const buffer = kernel.createPerfBuffer(spec);
  const producer = (cpu: number) => new PerfProducer(sys.perfMemory.get(cpu)!);
  return { buffer, sys, cpu0: producer(0), cpu1: producer(1) };
}

const word = (value: number) => new Uint8Array(Uint32Array.of(value).buffer);

test("records of each CPU come in order, and their room is given back", () => {
  const { buffer, cpu0, cpu1 } = opened(perfBuffer("events", PAGE, u32));
  for (const value of [1, 2, 3]) cpu0.send(word(value));
  cpu1.send(word(4));
  expect([buffer.pending, buffer.drain(), buffer.pending, buffer.position]).toEqual([
    64,
    [1, 2, 3, 4],
    0,
    64,
  ]);
  expect(buffer.drain()).toEqual([]);
  expect(buffer.consumed).toBe(4);
});

test("the map has a place for each CPU there may be, and an event for each that is online", () => {
  const { sys } = opened(perfBuffer("events", 2 * PAGE));
  const { maxEntries, entries } = sys.map("events");
  expect([maxEntries, [...entries.keys()]]).toEqual([4, ["00000000", "01000000"]]);
  expect([...sys.perfMemory.values()].map(({ byteLength }) => byteLength)).toEqual([3 * PAGE, 3 * PAGE]);
});

test("records without a codec are copied with the padding of the kernel's", () => {
  const { buffer, cpu0 } = opened(perfBuffer("events", PAGE));
  cpu0.send(Uint8Array.of(1, 2, 3, 4, 5));
  expect(buffer.drain()).toEqual([Uint8Array.of(1, 2, 3, 4, 5, 0, 0, 0, 0, 0, 0, 0)]);
});

test("records of other kinds are passed over", () => {
  const { buffer, cpu0 } = opened(perfBuffer("events", PAGE, u32));
  cpu0.record(THROTTLE, new Uint8Array(24));
  cpu0.send(word(5));
  expect([buffer.drain(), buffer.consumed]).toEqual([[5], 1]);
});

test("a record of no length is an error, not an endless loop", () => {
  const { buffer, sys } = opened(perfBuffer("events", PAGE, u32));
  new BigUint64Array(sys.perfMemory.get(1)!)[128] = 16n;
  expect(() => buffer.drain()).toThrow("perf ring of CPU 1: a record of 0 bytes at 0");
});

test("a record that is too short for its codec is one error, and the next is read", () => {
  const { buffer, cpu0 } = opened(perfBuffer("events", PAGE, u32));
  cpu0.record(SAMPLE, word(0));
  cpu0.send(word(5));
  expect(() => buffer.drain()).toThrow('perf buffer "events": a record of 0 bytes, its codec needs 4');
  expect(buffer.drain()).toEqual([5]);
});

test("any records, read at any time, arrive whole and in order, and all others are counted", () => {
  const step = fc.oneof(fc.uint8Array({ minLength: 1, maxLength: 700 }), fc.constant("read" as const));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const { buffer, cpu0 } = opened(perfBuffer("events", PAGE));
      const sent: Uint8Array[] = [];
      const received: Uint8Array[] = [];
      let refused = 0;
      for (const item of [...steps, "read" as const])
        if (item === "read") received.push(...buffer.drain());
        else if (cpu0.send(item)) sent.push(item);
        else refused++;
      expect(received.map((bytes, i) => [...bytes.subarray(0, sent[i]?.length)])).toEqual(
        sent.map((bytes) => [...bytes]),
      );
      expect(buffer.lost + cpu0.lost).toBe(refused);
    }),
    { numRuns: 50 },
  );
});

test("records as they come, until aborted", async () => {
  const { buffer, cpu0, cpu1 } = opened(perfBuffer("events", PAGE, u32));
  const ending = new AbortController();
  const seen: number[] = [];
  setImmediate(() => cpu0.send(word(1)));
  for await (const value of buffer.records({ signal: ending.signal, intervalMs: 1 })) {
    seen.push(value);
    if (value < 5) setImmediate(() => (value % 2 === 0 ? cpu0 : cpu1).send(word(value + 1)));
    if (value !== 5) continue;
    cpu1.send(word(6));
    ending.abort();
    // What comes after the end is not waited for.
    setImmediate(() => cpu0.send(word(99)));
  }
  expect(seen).toEqual([1, 2, 3, 4, 5, 6]);
});

describe("nothing stays open", () => {
  test("after a session", () => {
    const { kernel, sys } = fakeKernel();
    const spec = perfBuffer("events", PAGE, u32);
    {
      using session = Session.open(kernel, { maps: [spec] as never, programs: [] });
      expect(session.perfBuffer(spec).drain()).toEqual([]);
      expect(() => session.ringBuffer(spec as never)).toThrow('map "events": not a RingBuffer of this probe');
      expect(sys.openFds).toEqual(["map events", "perf event", "perf event"]);
    }
    expect([sys.openFds, sys.mappings.size]).toEqual([[], 0]);
  });

  test("when the second CPU refuses", () => {
    const { kernel, sys } = fakeKernel();
    sys.perfRefusal = (_attr, _pid, cpu) => (cpu === 1 ? errno.EACCES : 0);
    expect(() => kernel.createPerfBuffer(perfBuffer("events", PAGE))).toThrow(
      expect.objectContaining({ name: "PermissionError", message: 'open perf buffer "events": EACCES' }),
    );
    expect([sys.openFds, sys.mappings.size]).toEqual([[], 0]);
  });

  test("when a CPU goes offline, whose ring is then not there", () => {
    const { kernel, sys } = fakeKernel();
    sys.perfRefusal = (_attr, _pid, cpu) => (cpu === 1 ? errno.ENODEV : 0);
    using buffer = kernel.createPerfBuffer(perfBuffer("events", PAGE, u32));
    new PerfProducer(sys.perfMemory.get(0)!).send(word(3));
    expect([buffer.drain(), sys.perfMemory.size]).toEqual([[3], 1]);
  });
});
