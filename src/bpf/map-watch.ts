/**
 * Changes of map entries as they are noticed. The kernel announces no change of a map, so entries are looked at on a
 * timer: one for all watchers of a map, which reads what they watch at once. Whoever is slow gets the latest value and
 * is told how many changes that skips, so nothing piles up.
 */
import { isDeepStrictEqual } from "node:util";
import { AnnouncedChanges, type Announcements } from "./announced-changes";
import { woken } from "./woken";

/** How entries are watched. */
export interface WatchOptions {
  /** How often they are looked at; 100 unless given. Changes in between are seen as one. */
  readonly intervalMs?: number;
  /** Ends the iteration when so long nothing has changed. */
  readonly timeoutMs?: number;
  /** Ends the iteration. */
  readonly signal?: AbortSignal;
}

/** How entries are watched whose changes a program announces. */
export interface AnnouncedOptions<K, V> {
  /** The ring buffer in which a program announces each change: then none is missed, and entries are not looked at. */
  readonly announced?: Announcements<K, V>;
}

/** A change of one entry. A value is undefined while the map has no such entry. */
export interface Change<K, V> {
  readonly key: K;
  /** The value when it was last reported, or when the watching began. */
  readonly old: V | undefined;
  readonly value: V | undefined;
  /** When the change was noticed. */
  readonly at: Date;
  /** Changes noticed since the last report that this one stands for too. */
  readonly skipped: number;
}

/** What is known of one watched entry. */
interface Entry<K, V> {
  readonly key: K;
  reported: V | undefined;
  seen: V | undefined;
  /** Changes noticed and not reported. */
  changes: number;
  at: Date;
}

/** How a map is read for its watchers. */
export interface Watchable<K, V> {
  /** Equal for equal keys. */
  identity(key: K): string;
  /** The values of these keys, in their order, from as few system calls as it takes. */
  read(keys: readonly K[]): readonly (V | undefined)[];
}

/** The watchers of one map. */
export class MapWatch<K, V> {
  private readonly watchers = new Set<Watcher<K, V>>();
  private timer: NodeJS.Timeout | undefined;
  private readonly announced = new Map<Announcements<K, V>, AnnouncedChanges<K, V>>();

  constructor(private readonly map: Watchable<K, V>) {}

  /** Watching begins with the values of now; entries are looked at while somebody iterates. */
  watch(
    keys: readonly K[],
    options: WatchOptions & AnnouncedOptions<K, V> = {},
  ): AsyncGenerator<Change<K, V>, void, undefined> {
    const { intervalMs = 100, timeoutMs, signal, announced } = options;
    for (const [name, ms] of Object.entries({ interval: intervalMs, timeout: timeoutMs ?? 1 }))
      if (!(ms > 0)) throw new RangeError(`watch: ${name} of ${ms} ms is not above 0`);
    const values = this.map.read(keys);
    if (announced !== undefined) {
      const known = new Map(keys.map((key, at) => [this.map.identity(key), values[at]]));
      return this.announcedIn(announced).watch(known, options);
    }
    const entries = keys.map((key, at) => [this.map.identity(key), entryOf(key, values[at])] as const);
    return this.changes(new Watcher(new Map(entries), intervalMs), timeoutMs, signal);
  }

  private announcedIn(ring: Announcements<K, V>): AnnouncedChanges<K, V> {
    const changes = this.announced.get(ring) ?? new AnnouncedChanges(ring, this.map);
    this.announced.set(ring, changes);
    return changes;
  }

  private async *changes(
    watcher: Watcher<K, V>,
    timeoutMs: number | undefined,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Change<K, V>, void, undefined> {
    this.watchers.add(watcher);
    try {
      this.look();
      while (signal?.aborted !== true) {
        const change = watcher.take();
        if (change !== undefined) yield change;
        else if (!(await watcher.changed(timeoutMs, signal))) return;
      }
    } finally {
      this.watchers.delete(watcher);
      this.schedule();
    }
  }

  /** Sets the timer for whoever is due first: nobody, if all have failed or gone. */
  private schedule(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const due = Math.min(...[...this.watchers].map(({ dueMs }) => dueMs));
    if (due === Number.POSITIVE_INFINITY) return;
    this.timer = setTimeout(() => this.look(), Math.max(1, due - performance.now()));
  }

  /** Reads once what all watchers that are due watch. */
  private look(): void {
    const now = performance.now();
    const due = [...this.watchers].filter(({ dueMs }) => dueMs <= now);
    const keys = new Map(due.flatMap(({ entries }) => [...entries].map(([id, { key }]) => [id, key])));
    try {
      const values = this.map.read([...keys.values()]);
      const found = new Map([...keys.keys()].map((id, at) => [id, values[at]]));
      for (const watcher of due) watcher.look(found, now);
    } catch (error) {
      for (const watcher of due) watcher.fail(error);
    }
    this.schedule();
  }
}

function entryOf<K, V>(key: K, value: V | undefined): Entry<K, V> {
  return { key, reported: value, seen: value, changes: 0, at: new Date() };
}

class Watcher<K, V> {
  /** When it wants to look again, as performance.now() tells the time. */
  dueMs = 0;
  private readonly changedEntries = new Set<Entry<K, V>>();
  private failure: { readonly error: unknown } | undefined;
  private wake: (() => void) | undefined;

  constructor(
    readonly entries: ReadonlyMap<string, Entry<K, V>>,
    private readonly intervalMs: number,
  ) {}

  look(values: ReadonlyMap<string, V | undefined>, now: number): void {
    this.dueMs = now + this.intervalMs;
    for (const [id, entry] of this.entries) {
      const value = values.get(id);
      if (isDeepStrictEqual(value, entry.seen)) continue;
      entry.seen = value;
      entry.changes += 1;
      entry.at = new Date();
      this.changedEntries.add(entry);
    }
    if (this.changedEntries.size > 0) this.wake?.();
  }

  fail(error: unknown): void {
    this.dueMs = Number.POSITIVE_INFINITY;
    this.failure = { error };
    this.wake?.();
  }

  /** The change that has waited longest, if there is one. */
  take(): Change<K, V> | undefined {
    if (this.failure !== undefined) throw this.failure.error;
    const [entry] = this.changedEntries;
    if (entry === undefined) return undefined;
    this.changedEntries.delete(entry);
    const { key, reported: old, seen: value, at, changes } = entry;
    entry.reported = value;
    entry.changes = 0;
    return { key, old, value, at, skipped: changes - 1 };
  }

  /** True once there is something to take; false when the time is over or `signal` came first. */
  async changed(timeoutMs: number | undefined, signal: AbortSignal | undefined): Promise<boolean> {
    const isWoken = await woken(timeoutMs, signal, (wake) => {
      this.wake = wake;
    });
    this.wake = undefined;
    return isWoken;
  }
}
