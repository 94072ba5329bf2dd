/** The macros on real maps and a real ring buffer. */
import { readFileSync } from "node:fs";
import {
  add,
  type Block,
  COMM_SIZE,
  call,
  emitRecord,
  exit,
  fp,
  helper,
  increment,
  jump,
  keepComm,
  label,
  load,
  loadMap,
  loadMapValue,
  lookup,
  lookupOrInsert,
  mov,
  r0,
  r1,
  r2,
  r6,
  r7,
  readComm,
  store,
  storeStruct,
  zero,
} from "../../../src/asm";
import { hashMap, lruHashMap, perCpuHashMap, ringBuffer } from "../../../src/bpf/map-spec";
import { RingBufferQuery } from "../../../src/core/bpf-uapi";
import { struct, u32, u64 } from "../../../src/core/codec";
import { kernelTest, runInKernel } from "./machine";

const Key = struct({ pid: u32, nr: u32 });
const KEY = -Key.size;
const ONE = KEY - 8;
const state = { name: "state" };
const words = (bytes: Uint8Array) => [...new BigUint64Array(Uint8Array.from(bytes).buffer)];
const times = (count: number, block: () => Block): Block => Array.from({ length: count }, block);

/** state[index] += 1 */
const bump = (index: number): Block => [
  [loadMapValue(r1, state, 8 * index), load(8, r2, r1, 0)],
  [add(r2, 1), store(8, r1, 0, r2)],
];

describe("increment", () => {
  for (const [title, type] of [
    ["hash", hashMap],
    ["LRU hash", lruHashMap],
    ["per-CPU hash", perCpuHashMap],
  ] as const)
    kernelTest([], `counts 23 in a map of type ${title}`, () => {
      const counts = type("counts", { key: Key, value: u64, maxEntries: 64 });
      const none = label("none");
      const program: Block = [
        storeStruct(Key, fp, KEY, { pid: 4711, nr: 3 }),
        times(23, () => increment(counts, KEY, ONE, { onFull: bump(1) })),
        [lookup(counts, KEY), jump.eq(r0, 0, none), load(8, r1, r0, 0)],
        [loadMapValue(r2, state), store(8, r2, 0, r1), none, mov(r0, 0), exit()],
      ];
      const { memory } = runInKernel(program, { state: new Uint8Array(16) }, undefined, [counts]);
      expect(words(memory.state)).toEqual([23n, 0n]);
    });

  kernelTest([], "tells every key that found no room", () => {
    const counts = hashMap("counts", { key: Key, value: u64, maxEntries: 3 });
    const program: Block = [
      Array.from({ length: 7 }, (_, nr) => [
        storeStruct(Key, fp, KEY, { nr }),
        increment(counts, KEY, ONE, { onFull: bump(0) }),
      ]),
      [mov(r0, 0), exit()],
    ];
    const { memory } = runInKernel(program, { state: new Uint8Array(8) }, undefined, [counts]);
    expect(words(memory.state)).toEqual([4n]);
  });

  kernelTest([], "lookupOrInsert gives a value to write to, or goes to none", () => {
    const values = hashMap("values", { key: Key, value: u64, maxEntries: 2 });
    const program: Block = [
      Array.from({ length: 5 }, (_, index) => {
        const none = label("none");
        const next = label("next");
        return [
          [storeStruct(Key, fp, KEY, { nr: index % 3 }), store(8, fp, ONE, 100)],
          [lookupOrInsert(values, KEY, ONE, none), load(8, r1, r0, 0), add(r1, 1), store(8, r0, 0, r1)],
          [loadMapValue(r2, state, 8 * index), store(8, r2, 0, r1), jump.always(next), none, bump(5), next],
        ];
      }),
      [mov(r0, 0), exit()],
    ];
    const { memory } = runInKernel(program, { state: new Uint8Array(48) }, undefined, [values]);
    expect(words(memory.state)).toEqual([101n, 101n, 0n, 102n, 102n, 1n]);
  });
});

describe("emitRecord", () => {
  const events = ringBuffer("events", 4096);
  const record = (size: number): Block =>
    emitRecord({ ring: events, size, record: r7, fill: zero(r7, 0, size), onFull: bump(0) });
  const available: Block = [
    [loadMap(r1, events), mov(r2, RingBufferQuery.BPF_RB_AVAIL_DATA), call(helper.ringbufQuery), mov(r6, r0)],
    [mov(r0, r6), exit()],
  ];

  kernelTest(["ring-buffer"], "puts records of a header and their size into the ring buffer", () => {
    const program: Block = [times(3, () => record(16)), available];
    const { result, memory } = runInKernel(program, { state: new Uint8Array(8) }, undefined, [events]);
    expect([result, words(memory.state)]).toEqual([3 * (8 + 16), [0n]]);
  });

  kernelTest(["ring-buffer"], "tells every record that found no room", () => {
    const program: Block = [times(5, () => record(1016)), available];
    const { result, memory } = runInKernel(program, { state: new Uint8Array(8) }, undefined, [events]);
    expect([result, words(memory.state)]).toEqual([3 * 1024, [2n]]);
  });
});

describe("readComm and keepComm", () => {
  kernelTest(["asm:comm"], "see this thread's name", () => {
    const COMM = -COMM_SIZE;
    const other = label("other");
    const name = readFileSync(`/proc/self/task/${process.pid}/comm`, "utf8").trimEnd();
    const program: Block = [
      [readComm(COMM), loadMapValue(r6, state)],
      [load(8, r1, fp, COMM), store(8, r6, 0, r1), load(8, r1, fp, COMM + 8), store(8, r6, 8, r1)],
      [
        keepComm(fp, COMM, name, other),
        keepComm(fp, COMM, `${name.slice(0, 1)}*`, other),
        mov(r0, 1),
        exit(),
      ],
      [other, mov(r0, 0), exit()],
    ];
    const { result, memory } = runInKernel(program, { state: new Uint8Array(16) });
    const comm = Buffer.from(memory.state).toString("utf8").replace(/\0.*$/s, "");
    expect([comm, result]).toEqual([name, 1]);
  });
});
