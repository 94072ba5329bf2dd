/** The ring buffer with real programs at the other end. Programs run by test run: as often as we say. */
import {
  add,
  type Block,
  call,
  emitRecord,
  exit,
  helper,
  jump,
  label,
  load,
  loadMap,
  loadMapValue,
  mov,
  r0,
  r1,
  r2,
  r3,
  r6,
  r7,
  store,
} from "../../../src/asm";
import type { Kernel } from "../../../src/bpf/kernel";
import { mappableArray, ringBuffer } from "../../../src/bpf/map-spec";
import { Session } from "../../../src/bpf/session";
import { RingBufferFlag } from "../../../src/core/bpf-uapi";
import { count64, struct, u32 } from "../../../src/core/codec";
import { kernelTest } from "../kernel-test";
import { pinning } from "./with-pin";

const withPin = pinning();

const Event = struct({ nr: u32, more: u32, check: count64 });
const State = struct({ nr: count64, lost: count64 });
const state = mappableArray("state", State, 1);

const bump = (offset: number): Block => [
  [loadMapValue(r1, state), load(8, r2, r1, offset), add(r2, 1), store(8, r1, offset, r2)],
];

/** Emits a numbered record each time it runs; every third is discarded, if asked for. */
function emitting(kernel: Kernel, size: number, { discards = false, flags = 0 } = {}) {
  const ring = ringBuffer("ring", size, Event);
  const next: Block = [loadMapValue(r7, state), load(8, r7, r7, State.offsets.nr)];
  const fill: Block = [
    [store(4, r6, Event.offsets.nr, r7), store(4, r6, Event.offsets.more, 7)],
    store(8, r6, Event.offsets.check, r7),
  ];
  const done = label("done");
  const full = label("full");
  const discarding: Block = [
    [loadMap(r1, ring), mov(r2, 24), mov(r3, 0), call(helper.ringbufReserve), jump.eq(r0, 0, full)],
    [mov(r1, r0), mov(r2, flags), call(helper.ringbufDiscard), full],
  ];
  const session = Session.open(kernel, {
    maps: [state, ring] as never,
    programs: [
      {
        name: "emit",
        hook: { kind: "raw-tracepoint", name: "task_rename" },
        code: [
          next,
          discards ? discarding : [],
          emitRecord({ ring, size: Event.size, record: r6, fill, flags, onFull: bump(State.offsets.lost) }),
          bump(State.offsets.nr),
          [done, mov(r0, 0), exit()],
        ],
      },
    ],
  });
  session.detach();
  const emit = (times: number): void => {
    for (let i = 0; i < times; i++) session.programs[0]?.testRun();
  };
  return { session, reader: session.ringBuffer(ring), emit };
}

kernelTest(["ring-buffer"], "records come in order across many wrap-arounds", ({ kernel }) => {
  const size = kernel.sys.pageSize;
  const { session, reader, emit } = emitting(kernel, size);
  using _session = session;
  const seen: number[] = [];
  while (seen.length < 1009) {
    emit(23);
    seen.push(...reader.drain().map(({ nr, more, check }) => (more === 7 && nr === check ? nr : -1)));
  }
  expect(seen).toEqual(seen.map((_, i) => i));
  expect(reader.position).toBeGreaterThan(5 * size);
  expect([reader.consumed, reader.pending]).toEqual([seen.length, 0]);
});

kernelTest(
  ["ring-buffer"],
  "opened again, pinned or by id, reading goes on where it stopped",
  ({ kernel }) => {
    const { session, reader, emit } = emitting(kernel, kernel.sys.pageSize);
    using _session = session;
    emit(7);
    expect(reader.drain(2).map(({ nr }) => nr)).toEqual([0, 1]);
    withPin(
      (path) => reader.pin(path),
      (source) => {
        {
          using again = kernel.openRingBuffer(reader.spec, source);
          expect(again.drain(3).map(({ nr }) => nr)).toEqual([2, 3, 4]);
        }
        using again = kernel.openRingBuffer(reader.spec, { id: reader.details().id });
        expect(again.drain().map(({ nr }) => nr)).toEqual([5, 6]);
        expect(again.pending).toBe(0);
      },
    );
  },
);

kernelTest(["ring-buffer"], "discarded records are passed over and counted", ({ kernel }) => {
  const { session, reader, emit } = emitting(kernel, kernel.sys.pageSize, { discards: true });
  using _session = session;
  emit(23);
  expect(reader.drain().map(({ nr }) => nr)).toEqual(Array.from({ length: 23 }, (_, i) => i));
  expect(reader.discarded).toBe(23);
});

kernelTest(["ring-buffer"], "a full ring: the program counts, the reader gets what fitted", ({ kernel }) => {
  const size = kernel.sys.pageSize;
  const fits = size / (Event.size + 8);
  const { session, reader, emit } = emitting(kernel, size);
  using _session = session;
  emit(Math.floor(fits) + 23);
  const lost = session.mappedArray(state).get(0).lost;
  const records = reader.drain();
  expect(records.length + lost).toBe(Math.floor(fits) + 23);
  expect(lost).toBeGreaterThanOrEqual(23);
  emit(1);
  expect(reader.drain().map(({ nr }) => nr)).toEqual([Math.floor(fits) + 23]);
});

for (const wake of ["timer", "event"] as const)
  kernelTest(["ring-buffer"], `records as they come, by ${wake}`, async ({ kernel }) => {
    const flags = wake === "timer" ? RingBufferFlag.BPF_RB_NO_WAKEUP : 0;
    const { session, reader, emit } = emitting(kernel, 16 * kernel.sys.pageSize, { flags });
    using _session = session;
    const ending = new AbortController();
    const seen: number[] = [];
    const reading = (async () => {
      for await (const { nr } of reader.records({ wake, signal: ending.signal })) {
        seen.push(nr);
        if (nr === 22) setTimeout(() => emit(24), 20);
        if (nr === 46) {
          emit(6);
          ending.abort();
        }
      }
    })();
    setTimeout(() => emit(23), 20);
    await reading;
    expect(seen).toEqual(Array.from({ length: 53 }, (_, i) => i));
  });

kernelTest(["ring-buffer"], "misuse of a ring buffer", ({ kernel }) => {
  expect(() => kernel.createRingBuffer(ringBuffer("odd", 5000))).toThrow(
    'map "odd": 5000 bytes; a ring buffer\'s size is a power of two of at least a page',
  );
  const { session, reader, emit } = emitting(kernel, kernel.sys.pageSize);
  emit(3);
  expect(() => reader.consume(() => reader.drain())).toThrow('ring buffer "ring": is being read already');
  let kept: DataView | undefined;
  reader.consume((view, at) => {
    kept = view;
    expect(view.getUint32(at, true)).toBe(1);
    session[Symbol.dispose](); // given back while it is being read
  });
  expect(kept?.getUint32(8, true)).toBe(0);
  expect(() => reader.drain()).toThrow(new ReferenceError('map "ring" is closed'));
  expect(() => reader.pending).toThrow(ReferenceError);
});
