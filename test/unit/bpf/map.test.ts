import { cgroupArray, hashMap, lruHashMap, mappableArray, perCpuHashMap } from "../../../src/bpf/map-spec";
import { BpfCmd } from "../../../src/core/bpf-uapi";
import { bytes, count64, encoded, struct, u32 } from "../../../src/core/codec";
import { errno } from "../../../src/core/errno";
import { fakeKernel } from "../../fake-kernel";

const Key = struct({ pid: u32, nr: u32 });
const counts = hashMap("counts", { key: Key, value: count64, maxEntries: 64 });
const entry = (n: number) => [{ pid: n, nr: n + 1 }, n * 10] as const;

describe("elements", () => {
  test("are written, read, removed and taken", () => {
    const { kernel, sys } = fakeKernel();
    {
      using map = kernel.createMap(counts);
      const [key, value] = entry(7);
      expect(map.lookup(key)).toBeUndefined();
      expect(map.update(key, value)).toBe(true);
      expect(map.lookup(key)).toBe(70);
      expect(map.update(key, 5, "noexist")).toBe(false);
      expect(map.update(key, 5, "exist")).toBe(true);
      expect(map.update({ pid: 1, nr: 1 }, 5, "exist")).toBe(false);
      expect(map.take(key)).toBe(5);
      expect(map.take(key)).toBeUndefined();
      map.update(key, 1);
      expect([map.delete(key), map.delete(key)]).toEqual([true, false]);
    }
    expect(sys.openFds).toEqual([]);
  });

  test("take falls back to two calls where the kernel knows no other way", () => {
    const { kernel, sys } = fakeKernel();
    using map = kernel.createMap(counts);
    map.update(...entry(3));
    sys.refuse(BpfCmd.BPF_MAP_LOOKUP_AND_DELETE_ELEM, errno.EINVAL);
    expect(map.take(entry(3)[0])).toBe(30);
    expect(sys.map("counts").entries.size).toBe(0);
  });

  test("on a per-CPU map are arrays in slots of eight bytes", () => {
    const { kernel, sys } = fakeKernel({ possibleCpus: 3 });
    using map = kernel.createPerCpuMap(perCpuHashMap("cpus", { key: u32, value: u32, maxEntries: 4 }));
    map.update(1, [7, 8, 9]);
    expect(Buffer.from([...sys.map("cpus").entries.values()][0] as Uint8Array).toString("hex")).toBe(
      "070000000000000008000000000000000900000000000000",
    );
    expect(map.lookup(1)).toEqual([7, 8, 9]);
    expect(() => map.update(1, [7])).toThrow('map "cpus" value: 1 values, this machine has 3 CPUs');
  });
});

describe.each([
  ["in batches", false],
  ["key by key", true],
])("all entries, %s", (_name, noBatches) => {
  function filled(spec = counts, count = 10) {
    const { kernel, sys } = fakeKernel();
    if (noBatches) {
      sys.refuse(BpfCmd.BPF_MAP_LOOKUP_BATCH, errno.EINVAL);
      sys.refuse(BpfCmd.BPF_MAP_LOOKUP_AND_DELETE_BATCH, errno.ENOTSUPP);
    }
    const map = kernel.createMap(spec);
    for (let n = 0; n < count; n++) map.update(...entry(n));
    return { map, sys };
  }
  const expected = Array.from({ length: 10 }, (_, n) => entry(n));

  test("are read", () => {
    const { map, sys } = filled();
    expect(map.entries()).toEqual(expected);
    expect(sys.map("counts").entries.size).toBe(10);
  });

  test("are read and removed", () => {
    const { map, sys } = filled();
    expect(map.drain()).toEqual(expected);
    expect(sys.map("counts").entries.size).toBe(0);
    expect(map.drain()).toEqual([]);
  });

  test("of an empty map are none", () => {
    const { map } = filled(counts, 0);
    expect([map.entries(), map.drain()]).toEqual([[], []]);
  });
});

describe("many updates in one call", () => {
  const entries = Array.from({ length: 10 }, (_, n) => entry(n));
  const made = (calls: readonly { call: string }[], name: string) =>
    calls.filter(({ call }) => call === name).length;

  test("are one system call", () => {
    const { kernel, sys } = fakeKernel();
    using map = kernel.createMap(counts);
    map.update(entry(3)[0], 1);
    map.updateAll(entries);
    expect(map.entries().sort(([a], [b]) => a.pid - b.pid)).toEqual(entries);
    expect([made(sys.calls, "BPF_MAP_UPDATE_BATCH"), made(sys.calls, "BPF_MAP_UPDATE_ELEM")]).toEqual([1, 1]);
  });

  test("are one for each entry where there are no batches", () => {
    const { kernel, sys } = fakeKernel();
    sys.refuse(BpfCmd.BPF_MAP_UPDATE_BATCH, errno.EINVAL);
    using map = kernel.createMap(counts);
    map.updateAll(new Map(entries));
    expect(map.entries()).toEqual(entries);
  });

  test("are several for large values, of per-CPU maps too", () => {
    const { kernel, sys } = fakeKernel({ possibleCpus: 3 });
    const value = bytes(4093);
    using map = kernel.createPerCpuMap(perCpuHashMap("large", { key: u32, value, maxEntries: 200 }));
    const all = Array.from(
      { length: 150 },
      (_, n) => [n, [1, 2, 3].map((cpu) => new Uint8Array(4093).fill(n + cpu))] as [number, Uint8Array[]],
    );
    map.updateAll(all);
    expect(made(sys.calls, "BPF_MAP_UPDATE_BATCH")).toBe(3);
    expect(map.lookup(149)).toEqual(all[149]?.[1]);
    expect(map.lookup(0)).toEqual(all[0]?.[1]);
  });

  test("stop at the entry that finds no room, as one update does", () => {
    const { kernel } = fakeKernel();
    using map = kernel.createMap({ ...counts, maxEntries: 7 });
    expect(() => map.updateAll(entries)).toThrow(
      expect.objectContaining({ message: 'map "counts" update: E2BIG', code: "E2BIG" }),
    );
    expect(map.entries()).toEqual(entries.slice(0, 7));
  });

  test("of nothing are none", () => {
    const { kernel, sys } = fakeKernel();
    using map = kernel.createMap(counts);
    map.updateAll([]);
    expect(made(sys.calls, "BPF_MAP_UPDATE_BATCH")).toBe(0);
  });

  test("with a wrong value name the map, and write nothing", () => {
    const { kernel } = fakeKernel();
    using map = kernel.createMap(counts);
    expect(() => map.updateAll([entry(1), [entry(2)[0], -1]])).toThrow(
      'map "counts" value: count64: -1 is not',
    );
    expect(map.entries()).toEqual([]);
  });
});

describe("a map that changes while it is read", () => {
  test("yields each key once though the kernel begins again", () => {
    const { kernel, sys } = fakeKernel();
    sys.refuse(BpfCmd.BPF_MAP_LOOKUP_BATCH, errno.EINVAL);
    using map = kernel.createMap(counts);
    for (let n = 0; n < 8; n++) map.update(...entry(n));
    let steps = 0;
    sys.meanwhile = (command) => {
      const { entries } = sys.map("counts");
      // The third key goes while the walk stands at it.
      if (command === BpfCmd.BPF_MAP_GET_NEXT_KEY && ++steps === 4)
        entries.delete(Buffer.from(encoded(Key, entry(2)[0])).toString("hex"));
    };
    const pids = map.entries().map(([{ pid }]) => pid);
    expect(pids).toEqual([0, 1, 3, 4, 5, 6, 7]);
  });

  test("is read to an end though every key vanishes as soon as it is met", () => {
    const { kernel, sys } = fakeKernel();
    sys.refuse(BpfCmd.BPF_MAP_LOOKUP_BATCH, errno.EINVAL);
    using map = kernel.createMap(counts);
    for (let n = 0; n < 8; n++) map.update(...entry(n));
    let next = 100;
    sys.meanwhile = (command) => {
      if (command !== BpfCmd.BPF_MAP_GET_NEXT_KEY) return;
      const { entries } = sys.map("counts");
      const [oldest] = entries.keys();
      if (oldest !== undefined) entries.delete(oldest);
      entries.set(Buffer.from(encoded(Key, entry(next++)[0])).toString("hex"), encoded(count64, 1));
    };
    const pids = map.entries().map(([{ pid }]) => pid);
    expect(new Set(pids).size).toBe(pids.length);
    expect(pids.length).toBeLessThanOrEqual(2 * counts.maxEntries);
  });

  test("is read to an end though the first key keeps vanishing and coming back", () => {
    const { kernel, sys } = fakeKernel();
    using map = kernel.createMap(counts);
    for (let n = 0; n < 8; n++) map.update(...entry(n));
    const { entries } = sys.map("counts");
    // Each step finds the key it stands at gone, so the kernel always answers with the first.
    sys.meanwhile = (command) => {
      if (command !== BpfCmd.BPF_MAP_GET_NEXT_KEY) return;
      const [first] = entries;
      if (first === undefined) return;
      entries.delete(first[0]);
      entries.set(...first);
    };
    const pids = [...map.keys()].map(({ pid }) => pid);
    expect(new Set(pids).size).toBe(pids.length);
  });
});

describe("bad input", () => {
  const { kernel, sys } = fakeKernel();
  const raw = hashMap("raw", { key: bytes(4), value: u32, maxEntries: 2 });

  test("a key of the wrong size names the map and both sizes", () => {
    using map = kernel.createMap(raw);
    expect(() => map.lookup(new Uint8Array(5))).toThrow(
      expect.objectContaining({ name: "RangeError", message: 'map "raw" key: bytes: got 5, need 4' }),
    );
    expect(() => map.update(new Uint8Array(4), -1)).toThrow(
      'map "raw" value: u32: -1 is not an integer from 0 to 4294967295',
    );
  });

  test("a closed map says so, whatever is done with it", () => {
    const map = kernel.createMap(raw);
    map[Symbol.dispose]();
    map[Symbol.dispose]();
    const key = new Uint8Array(4);
    for (const use of [
      () => map.lookup(key),
      () => map.update(key, 1),
      () => map.updateAll([[key, 1]]),
      () => map.delete(key),
      () => map.entries(),
      () => map.drain(),
      () => [...map.keys()],
      () => map.freeze(),
      () => map.details(),
    ])
      expect(use).toThrow(new ReferenceError('map "raw" is closed'));
  });

  test("a full map says how many entries it has", () => {
    using map = kernel.createMap(raw);
    const key = (n: number) => Uint8Array.of(n, 0, 0, 0);
    map.update(key(1), 1);
    map.update(key(2), 1);
    expect(() => map.update(key(3), 1)).toThrow(
      expect.objectContaining({
        name: "SyscallError",
        code: "E2BIG",
        message: 'map "raw" update: E2BIG',
        hint: "the map is full: it has 2 entries",
      }),
    );
  });

  test.each([
    ["too long", "a_name_too_long_"],
    ["empty", ""],
    ["with a blank", "a b"],
  ])("a name that is %s", (_what, name) => {
    expect(() => kernel.createMap({ ...raw, name })).toThrow(
      `map "${name}": a name is 1 to 15 letters, digits, "_" and "."`,
    );
  });

  test("an operation the type lacks is not supported", () => {
    using map = kernel.createMap(cgroupArray("cgroups", 1));
    sys.refuse(BpfCmd.BPF_MAP_LOOKUP_ELEM, errno.ENOTSUPP);
    expect(() => map.lookup(0)).toThrow(
      expect.objectContaining({
        name: "NotSupportedError",
        message: 'map "cgroups" lookup: not possible on a map of this type',
      }),
    );
    expect(() => map.drain()).toThrow('map "cgroups" drain: is not a hash map');
  });

  test("a mapped array after its end", () => {
    const array = kernel.createMappedArray(mappableArray("array", count64, 2));
    expect(() => array.get(2)).toThrow(new RangeError('map "array": no index 2 below 2'));
    array[Symbol.dispose]();
    expect(() => array.get(0)).toThrow(new ReferenceError('map "array" is closed'));
    expect(() => array.words).toThrow(ReferenceError);
  });

  test("the wrong way to create", () => {
    const perCpu = perCpuHashMap("p", { key: u32, value: u32, maxEntries: 1 });
    expect(() => kernel.createMap(perCpu)).toThrow('map "p": is per CPU, use createPerCpuMap');
    expect(() => kernel.createPerCpuMap(lruHashMap("l", { key: u32, value: u32, maxEntries: 1 }))).toThrow(
      'map "l": is not per CPU, use createMap',
    );
  });

  test("leaves nothing open", () => expect(sys.openFds).toEqual([]));
});
