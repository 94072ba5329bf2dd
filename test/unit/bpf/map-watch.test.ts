import { arrayMap, hashMap, mappableArray } from "../../../src/bpf/map-spec";
import type { Change, WatchOptions } from "../../../src/bpf/map-watch";
import { queueMap } from "../../../src/bpf/queue-spec";
import { struct, u32 } from "../../../src/core/codec";
import { fakeKernel } from "../../fake-kernel";

const fast: WatchOptions = { intervalMs: 1 };
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

function mapped() {
  return fakeKernel().kernel.createMappedArray(mappableArray("watched", u32, 4));
}

async function next<K, V>(watch: AsyncGenerator<Change<K, V>, void>): Promise<Change<K, V>> {
  const { value } = await watch.next();
  if (value === undefined) throw new Error("the watch has ended");
  return value;
}

/** A change without its time. */
function plain<K, V>({ key, old, value, skipped }: Change<K, V>) {
  return { key, old, value, skipped };
}

test("a watcher sees every change of a slow counter", async () => {
  using array = mapped();
  const watch = array.watch(2, fast);
  const seen: unknown[] = [];
  for (let value = 1; value <= 5; value++) {
    array.set(2, value);
    seen.push(plain(await next(watch)));
  }
  await watch.return();
  expect(seen).toEqual([1, 2, 3, 4, 5].map((value) => ({ key: 2, old: value - 1, value, skipped: 0 })));
});

test("what changed between the call and the first step is a change", async () => {
  using array = mapped();
  const watch = array.watch(0, { intervalMs: 3_600_000 });
  array.set(0, 9);
  expect(plain(await next(watch))).toEqual({ key: 0, old: 0, value: 9, skipped: 0 });
  await watch.return();
});

test("a slow consumer gets the latest value and the number of changes skipped", async () => {
  using array = mapped();
  // Another watcher tells when the shared timer has looked.
  const witness = array.watch(0, fast);
  const slow = array.watch(0, fast);
  array.set(0, 1);
  expect(plain(await next(slow))).toEqual({ key: 0, old: 0, value: 1, skipped: 0 });
  await next(witness);
  for (const value of [2, 3, 4, 5]) {
    array.set(0, value);
    await next(witness);
    await pause(5); // both are due at the same times, but not necessarily at the same look
  }
  expect(plain(await next(slow))).toEqual({ key: 0, old: 1, value: 5, skipped: 3 });
  await slow.return();
  await witness.return();
});

test("several keys, each with changes of its own, in the order in which they came", async () => {
  using array = mapped();
  const watch = array.watch([0, 1, 3], fast);
  array.set(3, 30);
  expect((await next(watch)).key).toBe(3);
  array.set(0, 10);
  array.set(2, 20);
  expect(plain(await next(watch))).toEqual({ key: 0, old: 0, value: 10, skipped: 0 });
  await watch.return();
});

test("entries that come and go, values equal by what is in them", async () => {
  const { kernel } = fakeKernel();
  using map = kernel.createMap(hashMap("watched", { key: u32, value: struct({ n: u32 }), maxEntries: 4 }));
  const watch = map.watch(7, fast);
  map.update(7, { n: 1 });
  expect(plain(await next(watch))).toEqual({ key: 7, old: undefined, value: { n: 1 }, skipped: 0 });
  map.update(7, { n: 1 });
  const change = next(watch);
  await pause(20);
  map.delete(7);
  expect(plain(await change)).toEqual({ key: 7, old: { n: 1 }, value: undefined, skipped: 0 });
  await watch.return();
});

test("many watchers share one timer and one reading", async () => {
  const { kernel, sys } = fakeKernel();
  using map = kernel.createMap(arrayMap("watched", u32, 8));
  const watchers = [0, 1, 2, 3, 4, 5, 6, 7].map((key) => map.watch(key, { intervalMs: 20 }));
  const steps = watchers.map((watch) => watch.next());
  await pause(5);
  sys.calls.length = 0;
  await pause(50);
  // Eight look-ups a round would be at least sixteen.
  expect(sys.calls.length).toBeGreaterThan(0);
  expect(sys.calls.length).toBeLessThan(16);
  for (const key of [0, 1, 2, 3, 4, 5, 6, 7]) map.update(key, 1);
  await Promise.all(steps);
  for (const watch of watchers) await watch.return();
});

test("a time-out ends it, an abort ends it, both while it waits", async () => {
  using array = mapped();
  expect((await array.watch(0, { ...fast, timeoutMs: 10 }).next()).done).toBe(true);
  const ending = new AbortController();
  const waiting = array.watch(0, { intervalMs: 3_600_000, signal: ending.signal }).next();
  ending.abort();
  expect((await waiting).done).toBe(true);
  expect((await array.watch(0, { signal: ending.signal }).next()).done).toBe(true);
});

test("a map that is closed ends it with an error", async () => {
  const array = mapped();
  const step = array.watch(0, fast).next();
  array[Symbol.dispose]();
  await expect(step).rejects.toThrow(ReferenceError);
});

test("an interval or time-out that is none is refused", () => {
  using array = mapped();
  expect(() => array.watch(0, { intervalMs: 0 })).toThrow("interval of 0 ms");
  expect(() => array.watch(0, { timeoutMs: -1 })).toThrow("timeout of -1 ms");
});

test("a queue is a channel", async () => {
  using queue = fakeKernel().kernel.createQueue(queueMap("channel", u32, 8));
  for (const value of [2, 3, 5]) queue.push(value);
  const seen: number[] = [];
  setTimeout(() => queue.push(7), 10);
  for await (const value of queue.values(fast)) {
    seen.push(value);
    if (value === 7) break;
  }
  expect(seen).toEqual([2, 3, 5, 7]);
  const ending = new AbortController();
  const waiting = queue.values({ signal: ending.signal }).next();
  ending.abort();
  expect((await waiting).done).toBe(true);
});
