import { arrayMap, hashMap, mappableArray } from "../../../src/bpf/map-spec";
import { type Codec, count64, i32, i64, struct, u32, u64, words } from "../../../src/core/codec";
import { fakeKernel } from "../../fake-kernel";

function mapped<V>(value: Codec<V>, entries = 4) {
  return fakeKernel().kernel.createMappedArray(mappableArray("shared", value, entries));
}

describe("an entry in mapped memory", () => {
  test("get, set, swap, compareAndSet and add", () => {
    using array = mapped(u32);
    using ref = array.ref(2);
    expect(ref.get()).toBe(0);
    ref.set(100);
    expect(ref.swap((old) => old + 1)).toBe(101);
    expect(ref.compareAndSet(100, 7)).toBe(false);
    expect(ref.compareAndSet(101, 7)).toBe(true);
    expect(ref.add(4)).toBe(11);
    expect([0, 1, 2, 3].map((index) => array.get(index))).toEqual([0, 0, 11, 0]);
  });

  test.each([
    ["u64", u64 as Codec<number | bigint>, 2n ** 63n, 2n ** 63n, 0n],
    ["i64", i64 as Codec<number | bigint>, -5n, 3n, -2n],
    ["i32", i32 as Codec<number | bigint>, -5, 3, -2],
    ["u32", u32 as Codec<number | bigint>, 2 ** 32 - 1, 2, 1],
    ["count64", count64 as Codec<number | bigint>, 2 ** 40, 2 ** 41, 3 * 2 ** 40],
  ])("a %s adds as C does", (_name, codec, start, amount, sum) => {
    using array = mapped(codec);
    using ref = array.ref(1);
    ref.set(start);
    expect(ref.add(amount)).toBe(sum);
    expect(ref.get()).toBe(sum);
  });

  test("adds a negative amount to an unsigned value", () => {
    using array = mapped(count64);
    const ref = array.ref(0);
    ref.set(10);
    expect(ref.add(-3)).toBe(7);
  });

  test("a struct of eight bytes is compared and set as a whole", () => {
    using array = mapped(struct({ from: u32, to: u32 }));
    const ref = array.ref(0);
    expect(ref.compareAndSet({ from: 0, to: 0 }, { from: 3, to: 5 })).toBe(true);
    expect(ref.compareAndSet({ from: 3, to: 4 }, { from: 0, to: 0 })).toBe(false);
    expect(ref.swap(({ from, to }) => ({ from: to, to: from }))).toEqual({ from: 5, to: 3 });
    expect(() => ref.add({ from: 1, to: 1 })).toThrow("not a number");
  });

  test("swap tries again when somebody else was faster", () => {
    using array = mapped(u64);
    const ref = array.ref(0);
    const olds: bigint[] = [];
    const value = ref.swap((old) => {
      olds.push(old);
      if (olds.length === 1) array.set(0, 50n);
      return old + 1n;
    });
    expect([value, olds]).toEqual([51n, [0n, 50n]]);
  });

  test("what does not fit is refused, and so is what cannot be atomic", () => {
    using array = mapped(u32);
    expect(() => array.ref(0).set(-1)).toThrow('map "shared" value: u32: -1');
    expect(() => array.ref(4)).toThrow("no index 4 below 4");
    using wide = mapped(words(2));
    expect(() => wide.ref(0)).toThrow("a value of 16 bytes cannot be read and written at once");
  });

  test("nothing works after its disposal, or the map's", () => {
    const array = mapped(u32);
    const gone = array.ref(0);
    gone[Symbol.dispose]();
    expect(() => gone.get()).toThrow(ReferenceError);
    const ref = array.ref(0);
    array[Symbol.dispose]();
    expect(() => ref.get()).toThrow(ReferenceError);
  });
});

describe("an entry of another map", () => {
  const created = () =>
    fakeKernel().kernel.createMap(hashMap("plain", { key: u32, value: u32, maxEntries: 8 }));

  test("is read, written and removed", () => {
    using map = created();
    const ref = map.ref(7);
    expect(ref.get()).toBeUndefined();
    ref.set(5);
    expect(map.lookup(7)).toBe(5);
    ref.set(undefined);
    expect(map.lookup(7)).toBeUndefined();
  });

  test("is inserted if absent in one step", () => {
    using map = created();
    expect(map.ref(7).compareAndSet(undefined, 1)).toBe(true);
    expect(map.ref(7).compareAndSet(undefined, 2)).toBe(false);
    expect(map.lookup(7)).toBe(1);
  });

  test.each([
    ["swap", (ref: ReturnType<ReturnType<typeof created>["ref"]>) => ref.swap((old) => old)],
    ["add", (ref: ReturnType<ReturnType<typeof created>["ref"]>) => ref.add(1)],
    ["compareAndSet", (ref: ReturnType<ReturnType<typeof created>["ref"]>) => ref.compareAndSet(1, 2)],
  ])("refuses %s, which takes two system calls", (name, operation) => {
    using map = created();
    map.update(7, 1);
    // `add` is a swap.
    expect(() => operation(map.ref(7))).toThrow(`map "plain" ${name === "add" ? "swap" : name}`);
    expect(map.lookup(7)).toBe(1);
  });

  test("does it where races are allowed", () => {
    using map = fakeKernel().kernel.createMap(arrayMap("racy", u32, 2));
    const ref = map.ref(1, { allowRaces: true });
    expect(ref.add(3)).toBe(3);
    expect(ref.compareAndSet(3, 9)).toBe(true);
    expect(ref.compareAndSet(3, 1)).toBe(false);
    expect(ref.swap((old) => (old ?? 0) + 1)).toBe(10);
  });
});
