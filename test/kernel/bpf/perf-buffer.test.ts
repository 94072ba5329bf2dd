/** The perf buffer with real programs at the other end. Programs run by test run: as often as we say, and where. */
import {
  add,
  type Block,
  call,
  exit,
  fp,
  helper,
  jump,
  label,
  load,
  loadMap,
  loadMapValue,
  mov,
  mov32,
  r0,
  r1,
  r2,
  r3,
  r4,
  r5,
  r6,
  r7,
  stackAddress,
  store,
} from "../../../src/asm";
import type { Kernel } from "../../../src/bpf/kernel";
import { mappableArray } from "../../../src/bpf/map-spec";
import { perfBuffer } from "../../../src/bpf/perf-buffer-spec";
import { Session } from "../../../src/bpf/session";
import { PerfEventFlag } from "../../../src/core/bpf-uapi";
import { count64, struct, u32 } from "../../../src/core/codec";
import { onlineCpusOf } from "../../../src/sys/cpus";
import { kernelTest } from "../kernel-test";

const needs = ["perf-event-array", "raw-tracepoint-test-run"];

const Event = struct({ nr: u32, cpu: u32, check: count64, more: count64 });
/** With its header and its length a record takes 40 bytes, which do not divide a page: some go round the end. */
const RECORD_BYTES = 40;
const State = struct({ nr: count64, lost: count64 });
const state = mappableArray("state", State, 1);

const bump = (offset: number): Block => [
  [loadMapValue(r1, state), load(8, r2, r1, offset), add(r2, 1), store(8, r1, offset, r2)],
];

/** Emits a numbered record each time it runs, and counts those that the helper refuses. */
function emitting(kernel: Kernel, bytesPerCpu = kernel.sys.pageSize) {
  const buffer = perfBuffer("events", bytesPerCpu, Event);
  const sent = label("sent");
  const record = -Event.size;
  const write = (width: 4 | 8, field: keyof typeof Event.offsets, value: typeof r0 | number) =>
    store(width, fp, record + Event.offsets[field], value);
  const session = Session.open(kernel, {
    maps: [state, buffer] as never,
    programs: [
      {
        name: "emit",
        hook: { kind: "raw-tracepoint", name: "task_rename" },
        code: [
          [mov(r6, r1), loadMapValue(r7, state), load(8, r7, r7, State.offsets.nr)],
          [write(4, "nr", r7), write(8, "check", r7), write(8, "more", 7)],
          [call(helper.getSmpProcessorId), write(4, "cpu", r0)],
          [mov(r1, r6), loadMap(r2, buffer), mov32(r3, PerfEventFlag.BPF_F_CURRENT_CPU)],
          [stackAddress(r4, record), mov(r5, Event.size), call(helper.perfEventOutput)],
          [jump.eq(r0, 0, sent), bump(State.offsets.lost), sent],
          [bump(State.offsets.nr), mov(r0, 0), exit()],
        ],
      },
    ],
  });
  session.detach();
  const emit = (times: number, cpu = 0): void => {
    for (let i = 0; i < times; i++) session.programs[0]?.testRun({ cpu });
  };
  return { session, reader: session.perfBuffer(buffer), emit };
}

const upTo = (end: number, from = 0) => Array.from({ length: end - from }, (_, i) => from + i);

kernelTest(needs, "records come in order across many ends of the ring, from each CPU", ({ kernel }) => {
  const { session, reader, emit } = emitting(kernel);
  using _session = session;
  const cpus = onlineCpusOf(kernel.sys);
  let next = 0;
  for (let round = 0; round < 23; round++)
    for (const cpu of cpus) {
      emit(53, cpu);
      expect(reader.pending).toBe(53 * RECORD_BYTES);
      const expected = upTo(next + 53, next).map((nr) => ({ nr, cpu, check: nr, more: 7 }));
      expect(reader.drain()).toEqual(expected);
      next += 53;
    }
  expect([reader.consumed, reader.pending, reader.lost]).toEqual([next, 0, 0]);
  expect(reader.position).toBe(next * RECORD_BYTES);
  expect(reader.position).toBeGreaterThan(5 * cpus.length * kernel.sys.pageSize);
});

kernelTest(needs, "one reading gives the records of all CPUs", ({ kernel }) => {
  const { session, reader, emit } = emitting(kernel);
  using _session = session;
  const cpus = onlineCpusOf(kernel.sys);
  for (const cpu of cpus) emit(7 + cpu, cpu);
  const seen = reader.drain().map(({ cpu }) => cpu);
  expect(seen).toEqual(cpus.flatMap((cpu) => Array.from({ length: 7 + cpu }, () => cpu)));
});

kernelTest(needs, "a full ring: program and reader agree on how many were lost", ({ kernel }) => {
  const { session, reader, emit } = emitting(kernel);
  using _session = session;
  const fits = Math.floor(kernel.sys.pageSize / RECORD_BYTES);
  emit(fits + 23);
  const lost = session.mappedArray(state).get(0).lost;
  expect(reader.drain().map(({ nr }) => nr)).toEqual(upTo(fits + 23 - lost));
  expect(lost).toBeGreaterThanOrEqual(23);
  // The ring tells when it has room again.
  expect(reader.lost).toBe(0);
  emit(1);
  expect(reader.drain().map(({ nr }) => nr)).toEqual([fits + 23]);
  expect(reader.lost).toBe(lost);
});

kernelTest(needs, "records as they come, until the signal", async ({ kernel }) => {
  const { session, reader, emit } = emitting(kernel, 16 * kernel.sys.pageSize);
  using _session = session;
  const ending = new AbortController();
  const seen: number[] = [];
  setTimeout(() => emit(23), 20);
  for await (const { nr } of reader.records({ signal: ending.signal })) {
    seen.push(nr);
    if (nr === 22) setTimeout(() => emit(24), 20);
    if (nr === 46) {
      emit(6);
      ending.abort();
    }
  }
  expect(seen).toEqual(upTo(53));
});

kernelTest(needs, "misuse of a perf buffer", ({ kernel }) => {
  expect(() => kernel.createPerfBuffer(perfBuffer("odd", 5000))).toThrow(
    'map "odd": 5000 bytes; the size of a perf buffer\'s rings is a power of two of at least a page',
  );
  const { session, reader, emit } = emitting(kernel);
  emit(3);
  expect(() => reader.consume(() => reader.drain())).toThrow('perf buffer "events": is being read already');
  const seen = reader.consume(() => session[Symbol.dispose]()); // given back while it is being read
  expect(seen).toBe(1);
  expect(() => reader.drain()).toThrow(new ReferenceError('map "events" is closed'));
  expect(() => reader.pending).toThrow(ReferenceError);
});
