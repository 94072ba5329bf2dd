import { type LiveOptions, liveValues } from "../../../src/bpf/live-values";
import { arrayMap, hashMap } from "../../../src/bpf/map-spec";
import { struct, u32 } from "../../../src/core/codec";
import { fakeKernel } from "../../fake-kernel";

const fast: LiveOptions = { intervalMs: 1 };

test("the value now, and again when it changed, but not when it did not", async () => {
  const values = [5, 5, 5, 6, 6, 7];
  const seen: number[] = [];
  for await (const value of liveValues(() => values.shift() ?? 7, fast)) {
    seen.push(value);
    if (value === 7) break;
  }
  expect(seen).toEqual([5, 6, 7]);
});

test("a slow reader gets the latest value", async () => {
  let value = 0;
  const live = liveValues(() => value, fast);
  await live.next();
  value = 1;
  value = 2;
  expect((await live.next()).value).toBe(2);
  await live.return();
});

test("an abort ends it, also while it waits", async () => {
  const abort = new AbortController();
  const live = liveValues(() => 1, { intervalMs: 3_600_000, signal: abort.signal });
  await live.next();
  const next = live.next();
  abort.abort();
  expect((await next).done).toBe(true);
});

test("an interval that is none is refused", async () => {
  await expect(liveValues(() => 1, { intervalMs: 0 }).next()).rejects.toThrow("interval of 0 ms");
});

test("values of a map, equal by what is in them", async () => {
  const { kernel } = fakeKernel();
  using map = kernel.createMap(hashMap("live", { key: u32, value: struct({ count: u32 }), maxEntries: 4 }));
  const live = map.live(7, fast);
  expect((await live.next()).value).toBeUndefined();
  map.update(7, { count: 1 });
  expect((await live.next()).value).toEqual({ count: 1 });
  map.update(7, { count: 1 });
  const next = live.next();
  setTimeout(() => map.update(7, { count: 2 }), 20);
  expect((await next).value).toEqual({ count: 2 });
  await live.return();
});

test("a map that is closed ends it with an error", async () => {
  const { kernel } = fakeKernel();
  const map = kernel.createMap(arrayMap("live", u32, 1));
  const live = map.live(0, fast);
  await live.next();
  map[Symbol.dispose]();
  await expect(live.next()).rejects.toThrow('map "live"');
});
