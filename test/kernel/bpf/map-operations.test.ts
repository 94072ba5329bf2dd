/**
 * Every operation on every type of map: three ways to update, delete, iterate, read at once, pin, open what is
 * pinned, freeze. What a type is for is in maps.test.ts.
 */
import type { Kernel } from "../../../src/bpf/kernel";
import { lpmTrie } from "../../../src/bpf/lpm-trie-spec";
import type { BpfMap } from "../../../src/bpf/map";
import type { MapSource } from "../../../src/bpf/map-create";
import {
  arrayMap,
  hashMap,
  isPerCpu,
  lruHashMap,
  lruPerCpuHashMap,
  type MapSpec,
  mappableArray,
  perCpuArrayMap,
  perCpuHashMap,
} from "../../../src/bpf/map-spec";
import { arrayOfMaps, hashOfMaps } from "../../../src/bpf/nested-map-spec";
import { bloomFilter, queueMap, stackMap } from "../../../src/bpf/queue-spec";
import { taskStorage } from "../../../src/bpf/task-storage-spec";
import { bytes, count64, u32 } from "../../../src/core/codec";
import { kernelTest } from "../kernel-test";
import { pinning } from "./with-pin";

const withPin = pinning();

const sized = { key: u32, value: count64, maxEntries: 5 };
const network = (first: number) => ({ prefixLength: 8, data: Uint8Array.of(first, 0, 0, 0) });
const frozen = expect.objectContaining({ code: "EPERM", hint: "the map is frozen or was opened read-only" });

/** Keys that may or may not be there, and values that a map of any type takes in the same way. */
interface Keyed {
  readonly spec: MapSpec<never, never>;
  readonly keys: readonly [unknown, unknown];
  readonly values: (kernel: Kernel) => readonly [unknown, unknown];
}

const plain: Omit<Keyed, "spec"> = { keys: [3, 4], values: () => [23, 29] };
const perCpu: Omit<Keyed, "spec"> = {
  keys: [3, 4],
  values: ({ facts }) => {
    const each = (base: number) => Array.from({ length: facts.possibleCpus }, (_, cpu) => base + cpu);
    return [each(23), each(29)];
  },
};

const keyed: Readonly<Record<string, Keyed>> = {
  hash: { spec: hashMap("map", sized) as never, ...plain },
  "lru-hash": { spec: lruHashMap("map", sized) as never, ...plain },
  "per-cpu-hash": { spec: perCpuHashMap("map", sized) as never, ...perCpu },
  "lru-per-cpu-hash": { spec: lruPerCpuHashMap("map", sized) as never, ...perCpu },
  "lpm-trie": {
    spec: lpmTrie("map", { data: bytes(4), value: count64, maxEntries: 5 }) as never,
    keys: [network(10), network(11)],
    values: () => [23, 29],
  },
};

type AnyMap = BpfMap<unknown, unknown>;
const create = (kernel: Kernel, spec: MapSpec<never, never>) =>
  (isPerCpu(spec) ? kernel.createPerCpuMap(spec) : kernel.createMap(spec)) as AnyMap;
const reopen = (kernel: Kernel, spec: MapSpec<never, never>, source: MapSource) =>
  (isPerCpu(spec) ? kernel.openPerCpuMap(spec, source) : kernel.openMap(spec, source)) as AnyMap;

for (const [name, { spec, keys, values }] of Object.entries(keyed))
  kernelTest([name], `${name}: every operation`, ({ kernel }) => {
    const [there, absent] = keys;
    const [first, second] = values(kernel);
    using map = create(kernel, spec);
    expect([map.lookup(there), map.update(there, first), map.lookup(there)]).toEqual([
      undefined,
      true,
      first,
    ]);
    // Tries took no notice of the mode until the fix of Linux 6.13, which not every older kernel got.
    if (name !== "lpm-trie" || kernel.facts.isAtLeast(6, 13)) {
      expect([map.update(there, second, "noexist"), map.lookup(there)]).toEqual([false, first]);
      expect([map.update(absent, second, "exist"), map.lookup(absent)]).toEqual([false, undefined]);
    }
    expect([map.update(there, second, "exist"), map.lookup(there)]).toEqual([true, second]);
    expect(map.update(absent, first, "noexist")).toBe(true);
    const sorted = (list: readonly unknown[]) => list.map((each) => JSON.stringify(each)).sort();
    expect(sorted([...map.keys()])).toEqual(sorted(keys));
    const both = sorted([
      [there, second],
      [absent, first],
    ]);
    expect(sorted(map.entries())).toEqual(both);
    withPin(
      (path) => map.pin(path),
      (source) => {
        using again = reopen(kernel, spec, source);
        expect(again.details()).toEqual(map.details());
        expect([again.delete(absent), again.delete(absent), map.lookup(there)]).toEqual([
          true,
          false,
          second,
        ]);
        again.update(absent, first);
        map.freeze();
        for (const each of [map, again]) {
          expect(() => each.update(there, first)).toThrow(frozen);
          expect(() => each.delete(there)).toThrow(frozen);
          expect(sorted(each.entries())).toEqual(both);
        }
      },
    );
  });

const indexed: Readonly<Record<string, Keyed>> = {
  array: { spec: arrayMap("map", count64, 5) as never, ...plain },
  "per-cpu-array": { spec: perCpuArrayMap("map", count64, 5) as never, ...perCpu },
};

for (const [name, { spec, values }] of Object.entries(indexed))
  kernelTest([name], `${name}: every operation`, ({ kernel }) => {
    const [first, second] = values(kernel);
    using map = create(kernel, spec);
    expect(map.update(3, first, "exist")).toBe(true);
    expect([map.update(3, second, "noexist"), map.lookup(3)]).toEqual([false, first]);
    expect(() => map.delete(3)).toThrow(expect.objectContaining({ code: "EINVAL" }));
    expect(() => map.drain()).toThrow("is not a hash map");
    expect([...map.keys()]).toEqual([0, 1, 2, 3, 4]);
    expect(map.entries()[3]).toEqual([3, first]);
    withPin(
      (path) => map.pin(path),
      (source) => {
        using again = reopen(kernel, spec, source);
        again.update(3, second);
        again.freeze();
        expect(() => map.update(3, first)).toThrow(frozen);
        expect(map.lookup(3)).toEqual(second);
      },
    );
  });

kernelTest(["mmapable-array"], "mmapable-array: pinned and mapped again", ({ kernel }) => {
  const spec = mappableArray("map", count64, 5);
  using map = kernel.createMappedArray(spec);
  withPin(
    (path) => map.pin(path),
    (source) => {
      using again = kernel.openMappedArray(spec, source);
      again.set(3, 23);
      expect([map.get(3), again.details().id]).toEqual([23, map.details().id]);
      // Mapped for writing it cannot be frozen; as a plain array, before it is mapped, it can.
      expect(() => map.freeze()).toThrow(
        expect.objectContaining({ code: "EBUSY", hint: "the map is mapped for writing, or frozen already" }),
      );
    },
  );
});

for (const [name, spec] of [
  ["queue", queueMap("map", u32, 5)],
  ["stack", stackMap("map", u32, 5)],
] as const)
  kernelTest([name], `${name}: every operation`, ({ kernel }) => {
    using map = kernel.createQueue(spec);
    map.push(23);
    withPin(
      (path) => map.pin(path),
      (source) => {
        using again = kernel.openQueue(spec, source);
        again.push(29);
        expect(again.details()).toMatchObject({ id: map.details().id, keySize: 0, maxEntries: 5 });
        expect(map.pop()).toBe(name === "queue" ? 23 : 29);
        map.freeze();
        expect(() => again.push(31)).toThrow(frozen);
        expect(() => again.pop()).toThrow(frozen);
        expect(again.peek()).toBe(name === "queue" ? 29 : 23);
      },
    );
    expect(() => kernel.openQueue(spec, { id: 0xfffffff })).toThrow("there is no map with id");
  });

kernelTest(["bloom-filter"], "bloom-filter: every operation", ({ kernel }) => {
  const spec = bloomFilter("map", u32, 100);
  using map = kernel.createBloomFilter(spec);
  map.add(23);
  withPin(
    (path) => map.pin(path),
    (source) => {
      using again = kernel.openBloomFilter(spec, source);
      again.add(29);
      expect([again.mayHave(23), map.mayHave(29), again.details().id]).toEqual([
        true,
        true,
        map.details().id,
      ]);
      map.freeze();
      expect(() => again.add(31)).toThrow(frozen);
      expect(again.mayHave(29)).toBe(true);
    },
  );
});

kernelTest(["array-of-maps", "hash-of-maps"], "maps of maps: every operation", ({ kernel }) => {
  const inner = hashMap("inner", { key: u32, value: u32, maxEntries: 8 }) as MapSpec;
  using one = kernel.createMap(inner);
  using two = kernel.createMap(inner);
  const array = arrayOfMaps("map", inner, 4);
  for (const spec of [array, hashOfMaps("map", inner, { key: u32, maxEntries: 4 })]) {
    using map = kernel.createMap(spec);
    expect([map.lookup(2), map.update(2, one.number), map.lookup(2)]).toEqual([
      undefined,
      true,
      one.details().id,
    ]);
    if (spec === array)
      expect(() => map.update(2, two.number, "noexist")).toThrow(expect.objectContaining({ code: "EINVAL" }));
    else
      expect([
        map.update(2, two.number, "noexist"),
        map.update(1, two.number, "exist"),
        map.update(2, two.number, "exist"),
      ]).toEqual([false, false, true]);
    expect([...map.keys()]).toEqual(spec === array ? [0, 1, 2, 3] : [2]);
    expect(map.entries()).toEqual([[2, (spec === array ? one : two).details().id]]);
    withPin(
      (path) => map.pin(path),
      (source) => {
        using again = kernel.openMap(spec, source);
        expect([again.delete(2), map.lookup(2), map.delete(2)]).toEqual([true, undefined, false]);
        map.freeze();
        expect(() => again.update(2, one.number)).toThrow(frozen);
      },
    );
  }
});

kernelTest(["task-storage"], "task-storage: every operation", ({ kernel }) => {
  const spec = taskStorage("map", count64);
  using map = kernel.createMap(spec);
  using self = kernel.openProcess(process.pid);
  expect(map.update(self.number, 23, "exist")).toBe(false);
  expect(map.update(self.number, 23, "noexist")).toBe(true);
  expect(map.update(self.number, 29, "noexist")).toBe(false);
  withPin(
    (path) => map.pin(path),
    (source) => {
      using again = kernel.openMap(spec, source);
      expect(again.lookup(self.number)).toBe(23);
      expect([again.delete(self.number), map.delete(self.number)]).toEqual([true, false]);
      map.freeze();
      expect(() => again.update(self.number, 1)).toThrow(frozen);
    },
  );
});
