/** Watchers of entries whose changes a program announces. */
import type { Announcement, Announcements } from "../../../src/bpf/announced-changes";
import { mappableArray } from "../../../src/bpf/map-spec";
import type { Change } from "../../../src/bpf/map-watch";
import { u32 } from "../../../src/core/codec";
import { fakeKernel } from "../../fake-kernel";

type Told = Announcement<number, number>;

/** A ring buffer in which a test announces. */
function fakeRing() {
  const waiting: Told[] = [];
  let arrived: (() => void) | undefined;
  let readers = 0;
  const drain = () => waiting.splice(0);
  const ring: Announcements<number, number> = {
    drain,
    async *batches({ signal }) {
      readers++;
      signal?.addEventListener("abort", () => arrived?.());
      while (!signal?.aborted) {
        const batch = drain();
        if (batch.length > 0) yield batch;
        else
          await new Promise<void>((resolve) => {
            arrived = resolve;
          });
      }
      readers--;
    },
  };
  const announce = (...records: Told[]) => {
    waiting.push(...records);
    arrived?.();
  };
  return { ring, announce, readers: () => readers, waiting };
}

const array = () => fakeKernel().kernel.createMappedArray(mappableArray("watched", u32, 4));

async function next<V>(watch: AsyncGenerator<Change<number, V>, void>) {
  const { value } = await watch.next();
  if (value === undefined) throw new Error("the watch has ended");
  const { at: _at, ...change } = value;
  return change;
}

test("every change is seen, however fast they follow each other", async () => {
  using map = array();
  const { ring, announce } = fakeRing();
  const watch = map.watch([1, 2], { announced: ring });
  announce({ key: 1, value: 7 }, { key: 3, value: 1 }, { key: 2, value: 9 }, { key: 1, value: 8 });
  expect(await next(watch)).toEqual({ key: 1, old: 0, value: 7, skipped: 0 });
  expect(await next(watch)).toEqual({ key: 2, old: 0, value: 9, skipped: 0 });
  expect(await next(watch)).toEqual({ key: 1, old: 7, value: 8, skipped: 0 });
  announce({ key: 1, old: 20, value: 21 });
  // What the program says of the value before counts.
  expect(await next(watch)).toEqual({ key: 1, old: 20, value: 21, skipped: 0 });
  await watch.return();
});

test("one reader serves all, and ends with the last of them", async () => {
  using map = array();
  const { ring, announce, readers } = fakeRing();
  const [one, other] = [map.watch(0, { announced: ring }), map.watch(0, { announced: ring })];
  announce({ key: 0, value: 1 });
  expect(await next(one)).toMatchObject({ value: 1 });
  expect(await next(other)).toMatchObject({ value: 1 });
  expect(readers()).toBe(1);
  await one.return();
  announce({ key: 0, value: 2 });
  expect(await next(other)).toMatchObject({ old: 1, value: 2 });
  await other.return();
  await new Promise((resolve) => setImmediate(resolve));
  expect(readers()).toBe(0);
});

test("what was announced before the call is over", async () => {
  using map = array();
  const { ring, announce } = fakeRing();
  announce({ key: 0, value: 1 });
  const watch = map.watch(0, { announced: ring, timeoutMs: 1 });
  expect(await watch.next()).toEqual({ done: true, value: undefined });
});

test("a watcher that takes nothing has a thousand changes kept, and the rest merged", async () => {
  using map = array();
  const { ring, announce } = fakeRing();
  const slow = map.watch(0, { announced: ring });
  const witness = map.watch(1, { announced: ring });
  const first = next(slow);
  announce(...Array.from({ length: 5000 }, (_, i) => ({ key: 0, value: i + 1 })), { key: 1, value: 1 });
  await next(witness);
  let last = await first;
  for (let seen = 1; last.value !== 5000; seen++) {
    expect(last).toEqual({ key: 0, old: seen - 1, value: seen, skipped: 0 });
    last = await next(slow);
  }
  expect(last.skipped).toBeGreaterThan(3900);
  expect((last.old as number) + last.skipped + 1).toBe(5000);
  await slow.return();
  await witness.return();
});

test("an error of the ring is that of the watchers", async () => {
  using map = array();
  const ring: Announcements<number, number> = {
    drain: () => [],
    // biome-ignore lint/correctness/useYield: it fails before
    async *batches() {
      throw new ReferenceError("closed");
    },
  };
  await expect(map.watch(0, { announced: ring }).next()).rejects.toThrow("closed");
});
