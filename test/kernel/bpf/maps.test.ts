/** Every type of map, created and used on the running kernel. */
import { mkdtempSync, rmdirSync, unlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lpmTrie } from "../../../src/bpf/lpm-trie-spec";
import {
  arrayMap,
  hashMap,
  lruHashMap,
  lruPerCpuHashMap,
  type MapSpec,
  mappableArray,
  perCpuArrayMap,
  perCpuHashMap,
  perfEventArray,
} from "../../../src/bpf/map-spec";
import { arrayOfMaps, hashOfMaps } from "../../../src/bpf/nested-map-spec";
import { bloomFilter, queueMap, stackMap } from "../../../src/bpf/queue-spec";
import { stackTraceMap } from "../../../src/bpf/stack-trace-spec";
import { taskStorage } from "../../../src/bpf/task-storage-spec";
import { bytes, count64, struct, u32, u64 } from "../../../src/core/codec";
import { kernelTest } from "../kernel-test";
import { mounted } from "./mounted";

const Key = struct({ pid: u32, nr: u32 });
const numbers = { key: Key, value: count64, maxEntries: 4096 };
const key = (n: number) => ({ pid: n, nr: n % 7 });

const hashes = [
  ["hash", hashMap],
  ["lru-hash", lruHashMap],
] as const;

for (const [name, spec] of hashes)
  kernelTest([name], `${name}: elements, entries and drain`, ({ kernel }) => {
    using map = kernel.createMap(spec("numbers", numbers));
    for (let n = 0; n < 1009; n++) map.update(key(n), n * 3);
    expect(map.lookup(key(1000))).toBe(3000);
    expect(map.lookup(key(1009))).toBeUndefined();
    expect(map.update(key(5), 1, "noexist")).toBe(false);
    expect(map.update(key(5), 16, "exist")).toBe(true);
    expect(map.take(key(5))).toBe(16);
    expect(map.delete(key(5))).toBe(false);
    const byPid = map.entries().sort(([a], [b]) => a.pid - b.pid);
    expect(byPid.length).toBe(1008);
    expect(byPid[0]).toEqual([key(0), 0]);
    expect(byPid.at(-1)).toEqual([key(1008), 3024]);
    expect([...map.keys()].length).toBe(1008);
    expect(
      map
        .drain()
        .map(([, value]) => value)
        .reduce((sum, value) => sum + value, 0),
    ).toBe(byPid.reduce((sum, [, value]) => sum + value, 0));
    expect(map.entries()).toEqual([]);
  });

const perCpus = [
  ["per-cpu-hash", perCpuHashMap],
  ["lru-per-cpu-hash", lruPerCpuHashMap],
] as const;

for (const [name, spec] of perCpus)
  kernelTest([name], `${name}: a value for each CPU`, ({ kernel }) => {
    using map = kernel.createPerCpuMap(spec("numbers", numbers));
    const values = Array.from({ length: kernel.facts.possibleCpus }, (_, cpu) => 100 + cpu);
    for (let n = 0; n < 101; n++) map.update(key(n), values);
    expect(map.lookup(key(100))).toEqual(values);
    expect(map.entries().length).toBe(101);
    expect(map.drain().every(([, all]) => all.every((value, cpu) => value === 100 + cpu))).toBe(true);
    expect(map.drain()).toEqual([]);
  });

kernelTest(
  ["hash", "lru-hash", "array", "lpm-trie", "batch"],
  "many entries are written at once",
  ({ kernel }) => {
    const entries = Array.from({ length: 5003 }, (_, n) => [n, n * 3] as const);
    const sized = { key: u32, value: count64, maxEntries: 5003 };
    for (const spec of [hashMap("all", sized), lruHashMap("all", { ...sized, maxEntries: 20_000 })]) {
      using map = kernel.createMap(spec);
      map.update(5, 1);
      map.updateAll(entries);
      expect(map.entries().sort(([a], [b]) => a - b)).toEqual(entries);
    }
    using array = kernel.createMap(arrayMap("all", count64, 5003));
    array.updateAll(entries);
    expect(array.entries()).toEqual(entries);
    using routes = kernel.createMap(lpmTrie("all", { data: bytes(4), value: u32, maxEntries: 3 }));
    routes.updateAll(
      [8, 16, 24].map((length) => [{ prefixLength: length, data: new Uint8Array(4) }, length]),
    );
    expect(routes.lookup({ prefixLength: 32, data: new Uint8Array(4) })).toBe(24);
  },
);

kernelTest(["per-cpu-hash", "per-cpu-array"], "many entries of a value for each CPU", ({ kernel }) => {
  const cpus = Array.from({ length: kernel.facts.possibleCpus }, (_, cpu) => cpu);
  const entries = Array.from({ length: 101 }, (_, n): [number, number[]] => [
    n,
    cpus.map((cpu) => n * 7 + cpu),
  ]);
  using hash = kernel.createPerCpuMap(perCpuHashMap("all", { key: u32, value: u32, maxEntries: 101 }));
  using array = kernel.createPerCpuMap(perCpuArrayMap("all", u32, 101));
  for (const map of [hash, array]) {
    map.updateAll(entries);
    expect(map.entries().sort(([a], [b]) => a - b)).toEqual(entries);
  }
});

kernelTest(["hash"], "many entries for a map that has room for some", ({ kernel }) => {
  using map = kernel.createMap(hashMap("full", { key: u32, value: u32, maxEntries: 3 }));
  expect(() => map.updateAll([1, 2, 3, 4, 5].map((n) => [n, n]))).toThrow(
    expect.objectContaining({ code: "E2BIG", hint: "the map is full: it has 3 entries" }),
  );
  expect(map.entries().sort()).toEqual([1, 2, 3].map((n) => [n, n]));
});

kernelTest(["array", "per-cpu-array"], "arrays have all their indices from the start", ({ kernel }) => {
  using map = kernel.createMap(arrayMap("array", u64, 5));
  map.update(4, 2n ** 63n);
  expect(map.entries()).toEqual([
    [0, 0n],
    [1, 0n],
    [2, 0n],
    [3, 0n],
    [4, 2n ** 63n],
  ]);
  expect(() => map.update(5, 0n)).toThrow(
    expect.objectContaining({ code: "E2BIG", hint: "its indices are 0 to 4" }),
  );
  using perCpu = kernel.createPerCpuMap(perCpuArrayMap("array", u32, 3));
  const values = Array.from({ length: kernel.facts.possibleCpus }, (_, cpu) => cpu + 1);
  perCpu.update(1, values);
  expect(perCpu.entries().map(([index, all]) => [index, all])).toEqual([
    [0, values.map(() => 0)],
    [1, values],
    [2, values.map(() => 0)],
  ]);
});

kernelTest(["mmapable-array"], "a mapped array is read and written without system calls", ({ kernel }) => {
  const spec = mappableArray("mapped", count64, 1000);
  let kept: BigUint64Array;
  {
    using array = kernel.createMappedArray(spec);
    array.set(999, 23);
    kept = array.words;
    expect([array.get(999), kept[999]]).toEqual([23, 23n]);
  }
  // Given back too early: the view is harmless, and shows nothing of the kernel's.
  expect(kept[999]).toBe(0n);
  kept[999] = 5n;
});

kernelTest(["hash"], "a full hash map", ({ kernel }) => {
  using map = kernel.createMap(hashMap("full", { key: u32, value: u32, maxEntries: 3 }));
  for (let n = 0; n < 3; n++) map.update(n, n);
  expect(() => map.update(3, 3)).toThrow(
    expect.objectContaining({ code: "E2BIG", hint: "the map is full: it has 3 entries" }),
  );
  expect(map.entries().length).toBe(3);
});

kernelTest(["queue", "stack"], "queue and stack", ({ kernel }) => {
  using queue = kernel.createQueue(queueMap("queue", u32, 3));
  using stack = kernel.createQueue(stackMap("stack", u32, 3));
  for (const map of [queue, stack]) {
    expect([map.peek(), map.pop()]).toEqual([undefined, undefined]);
    for (const value of [1, 2, 3]) map.push(value);
    expect(() => map.push(4)).toThrow(expect.objectContaining({ code: "E2BIG" }));
    map.push(4, "replace");
  }
  expect([queue.peek(), queue.pop(), queue.pop(), queue.pop(), queue.pop()]).toEqual([2, 2, 3, 4, undefined]);
  expect([stack.peek(), stack.pop(), stack.pop(), stack.pop(), stack.pop()]).toEqual([4, 4, 3, 2, undefined]);
});

kernelTest(["bloom-filter"], "a bloom filter never denies what was added", ({ kernel }) => {
  using filter = kernel.createBloomFilter(bloomFilter("seen", u64, 1000, 7));
  for (let n = 0n; n < 500n; n++) filter.add(n);
  expect(Array.from({ length: 500 }, (_, n) => filter.mayHave(BigInt(n))).every(Boolean)).toBe(true);
  const wrong = Array.from({ length: 500 }, (_, n) => filter.mayHave(BigInt(n + 10_000))).filter(Boolean);
  expect(wrong.length).toBeLessThan(50);
});

kernelTest(["lpm-trie"], "the longest prefix matches", ({ kernel }) => {
  const spec = lpmTrie("routes", { data: bytes(4), value: u32, maxEntries: 3 });
  using map = kernel.createMap(spec);
  const prefix = (prefixLength: number, ...data: number[]) => ({ prefixLength, data: Uint8Array.from(data) });
  map.update(prefix(8, 10, 0, 0, 0), 8);
  map.update(prefix(16, 10, 1, 0, 0), 16);
  expect(map.lookup(prefix(32, 10, 1, 2, 3))).toBe(16);
  expect(map.lookup(prefix(32, 10, 2, 2, 3))).toBe(8);
  expect(map.lookup(prefix(32, 11, 2, 2, 3))).toBeUndefined();
  expect(
    map
      .entries()
      .map(([, value]) => value)
      .sort(),
  ).toEqual([16, 8]);
  map.update(prefix(24, 10, 1, 2, 0), 24);
  expect(() => map.update(prefix(32, 10, 1, 2, 3), 32)).toThrow(
    expect.objectContaining({ code: "ENOSPC", hint: "the map is full: it has 3 entries" }),
  );
});

kernelTest(["array-of-maps", "hash-of-maps"], "maps of maps", ({ kernel }) => {
  const inner = hashMap("inner", { key: u32, value: u32, maxEntries: 8 });
  using map = kernel.createMap(inner);
  map.update(1, 11);
  for (const spec of [
    arrayOfMaps("outer", inner as MapSpec, 4),
    hashOfMaps("outer", inner as MapSpec, { key: u32, maxEntries: 4 }),
  ]) {
    using outer = kernel.createMap(spec);
    outer.update(2, map.number);
    const id = outer.lookup(2) ?? 0;
    expect(id).toBe(map.details().id);
    using again = kernel.openMap(inner, { id });
    expect(again.lookup(1)).toBe(11);
  }
  expect(() => kernel.openMap({ ...inner, maxEntries: 9 }, { id: map.details().id })).toThrow(
    'map "inner" of the kernel ("inner"): its number of entries is 8, not 9',
  );
});

kernelTest(["task-storage"], "task storage by pidfd", ({ kernel }) => {
  using map = kernel.createMap(taskStorage("storage", struct({ startNs: count64, nr: u32 })));
  using self = kernel.openProcess(process.pid);
  expect(map.lookup(self.number)).toBeUndefined();
  map.update(self.number, { startNs: 5, nr: 6 });
  expect(map.lookup(self.number)).toEqual({ startNs: 5, nr: 6 });
  expect(() => map.entries()).toThrow(expect.objectContaining({ name: "NotSupportedError" }));
  expect(map.delete(self.number)).toBe(true);
  expect(() => kernel.openProcess(2 ** 22)).toThrow("process 4194304: there is none");
});

kernelTest(["stack-trace", "perf-event-array"], "maps that only programs fill", ({ kernel }) => {
  using stacks = kernel.createMap(stackTraceMap("stacks", { maxEntries: 64, depth: 32 }));
  using events = kernel.createMap(perfEventArray("events", kernel.facts.possibleCpus));
  expect(stacks.lookup(3)).toBeUndefined();
  expect(stacks.entries()).toEqual([]);
  expect(() => events.lookup(0)).toThrow(expect.objectContaining({ name: "NotSupportedError" }));
});

kernelTest(["array"], "a frozen map", ({ kernel }) => {
  using map = kernel.createMap(arrayMap("frozen", u32, 1));
  map.update(0, 5);
  map.freeze();
  expect(() => map.update(0, 6)).toThrow(
    expect.objectContaining({ code: "EPERM", hint: "the map is frozen or was opened read-only" }),
  );
  expect(map.lookup(0)).toBe(5);
});

kernelTest(
  ["hash"],
  "a map that fills and empties while it is read, in batches and key by key",
  ({ kernel }) => {
    using map = kernel.createMap(hashMap("busy", { key: u32, value: u32, maxEntries: 512 }));
    for (let n = 0; n < 500; n++) map.update(n, n);
    const seen: number[] = [];
    for (const key of map.keys()) {
      seen.push(key);
      map.delete(key);
      map.update(key, 1);
    }
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen.length).toBeGreaterThan(0);
  },
);

kernelTest(["hash"], "pinned, and found again", ({ kernel }) => {
  const spec = hashMap("pinned", { key: u32, value: u32, maxEntries: 8 });
  using bpffs = mounted("bpf");
  const path = join(bpffs.folder, "pinned");
  {
    using map = kernel.createMap(spec);
    map.update(1, 23);
    map.pin(path);
    expect(() => map.pin(path)).toThrow(`pin map "pinned" at "${path}": something is there already`);
  }
  {
    using map = kernel.openMap(spec, { pinned: path });
    expect(map.lookup(1)).toBe(23);
  }
  expect(() => kernel.openMap({ ...spec, value: u64 }, { pinned: path })).toThrow(
    'map "pinned" of the kernel ("pinned"): its value size is 4, not 8',
  );
  unlinkSync(path);
  expect(() => kernel.openMap(spec, { pinned: path })).toThrow(
    `open map "pinned" pinned at "${path}": nothing is there`,
  );
});

kernelTest(["hash"], "a pin outside of a bpffs says how to mount one", ({ kernel }) => {
  const folder = mkdtempSync(join(tmpdir(), "bpfkit-"));
  using map = kernel.createMap(hashMap("pinned", { key: u32, value: u32, maxEntries: 8 }));
  expect(() => map.pin(join(folder, "map"))).toThrow(
    expect.objectContaining({
      name: "NotSupportedError",
      message: `pin map "pinned" at "${folder}/map": "${folder}" is not in a mounted bpffs`,
      hint: "mount one: sudo mount -t bpf bpf /sys/fs/bpf",
    }),
  );
  expect(() => map.pin(join(folder, "none", "map"))).toThrow("there is no folder");
  rmdirSync(folder);
});
