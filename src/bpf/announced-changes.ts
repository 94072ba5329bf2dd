/**
 * Changes of map entries that programs announce in a ring buffer: each of them is seen, with the order in which they
 * came. A ring buffer has one reader, which serves all watchers of the map. Whoever is slow has so many changes kept;
 * what comes then is merged with those of the same entry, so memory does not grow.
 */
import type { Change, WatchOptions } from "./map-watch";
import type { RecordOptions } from "./ring-records";
import { woken } from "./woken";

/** What a program writes when it changes an entry; other fields do not matter. */
export interface Announcement<K, V> {
  readonly key: K;
  /** Before the change; unless the program tells, what is known of it. */
  readonly old?: V;
  readonly value: V;
}

/** The reading end of a ring buffer with such records. */
export interface Announcements<K, V> {
  drain(): readonly Announcement<K, V>[];
  batches(options: RecordOptions): AsyncIterable<readonly Announcement<K, V>[]>;
}

/** Changes kept for a watcher that does not take them. */
const MOST_KEPT = 1024;

interface Keyed<K> {
  /** Equal for equal keys. */
  identity(key: K): string;
}

/** The watchers of one map that listen to one ring buffer. */
export class AnnouncedChanges<K, V> {
  private readonly listeners = new Set<Listener<K, V>>();
  private iterating = 0;
  private reading: AbortController | undefined;

  constructor(
    private readonly ring: Announcements<K, V>,
    private readonly map: Keyed<K>,
  ) {}

  /** Changes from this call on; `known` are the values of now. The ring is read while somebody iterates. */
  watch(
    known: ReadonlyMap<string, V | undefined>,
    options: WatchOptions,
  ): AsyncGenerator<Change<K, V>, void, undefined> {
    // What was announced to nobody is over.
    if (this.listeners.size === 0) while (this.ring.drain().length > 0);
    const listener = new Listener<K, V>(known);
    this.listeners.add(listener);
    return this.changes(listener, options);
  }

  private async *changes(
    listener: Listener<K, V>,
    { intervalMs, timeoutMs, signal }: WatchOptions,
  ): AsyncGenerator<Change<K, V>, void, undefined> {
    this.iterating++;
    this.read(intervalMs);
    try {
      while (signal?.aborted !== true) {
        const change = listener.take();
        if (change !== undefined) yield change;
        else if (!(await listener.changed(timeoutMs, signal))) return;
      }
    } finally {
      this.listeners.delete(listener);
      if (--this.iterating === 0) this.reading?.abort();
    }
  }

  /** Begins to read, unless somebody does; the first watcher says how often. */
  private read(intervalMs: number | undefined): void {
    if (this.reading !== undefined && !this.reading.signal.aborted) return;
    const reading = new AbortController();
    this.reading = reading;
    const timing = intervalMs === undefined ? {} : { intervalMs };
    void (async () => {
      try {
        for await (const batch of this.ring.batches({ ...timing, signal: reading.signal }))
          for (const record of batch) this.hear(record);
      } catch (error) {
        for (const listener of this.listeners) listener.fail(error);
      }
    })();
  }

  private hear(record: Announcement<K, V>): void {
    const id = this.map.identity(record.key);
    for (const listener of this.listeners) listener.hear(id, record);
  }
}

interface Pending<K, V> {
  readonly id: string;
  readonly key: K;
  readonly old: V | undefined;
  value: V | undefined;
  at: Date;
  skipped: number;
}

class Listener<K, V> {
  private readonly known: Map<string, V | undefined>;
  private readonly pending: Pending<K, V>[] = [];
  /** The last change of each entry that waits. */
  private readonly latest = new Map<string, Pending<K, V>>();
  private failure: { readonly error: unknown } | undefined;
  private wake: (() => void) | undefined;

  constructor(known: ReadonlyMap<string, V | undefined>) {
    this.known = new Map(known);
  }

  hear(id: string, { key, value, ...record }: Announcement<K, V>): void {
    if (!this.known.has(id)) return;
    const old = "old" in record ? record.old : this.known.get(id);
    this.known.set(id, value);
    const last = this.latest.get(id);
    if (this.pending.length >= MOST_KEPT && last !== undefined) {
      last.value = value;
      last.at = new Date();
      last.skipped++;
      return;
    }
    const change = { id, key, old, value, at: new Date(), skipped: 0 };
    this.pending.push(change);
    this.latest.set(id, change);
    this.wake?.();
  }

  fail(error: unknown): void {
    this.failure = { error };
    this.wake?.();
  }

  /** The change that has waited longest, if there is one. */
  take(): Change<K, V> | undefined {
    if (this.failure !== undefined) throw this.failure.error;
    const taken = this.pending.shift();
    if (taken === undefined) return undefined;
    const { id, ...change } = taken;
    if (this.latest.get(id) === taken) this.latest.delete(id);
    return change;
  }

  /** True once there is something to take; false when the time is over or `signal` came first. */
  changed(timeoutMs: number | undefined, signal: AbortSignal | undefined): Promise<boolean> {
    return woken(timeoutMs, signal, (wake) => {
      this.wake = wake;
    });
  }
}
