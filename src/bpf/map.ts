import { BpfCmd, MapUpdate } from "../core/bpf-uapi";
import { type Codec, decoded, encoded } from "../core/codec";
import { errno } from "../core/errno";
import type { Syscalls } from "../sys/syscalls";
import type { Fd } from "./fd";
import { readBatches, writeBatches } from "./map-batch";
import { MapElement } from "./map-element";
import { mapError } from "./map-error";
import { MapObject } from "./map-object";
import { type EntryRef, MapEntryRef, type RefOptions } from "./map-ref";
import { isHash, type MapSpec } from "./map-spec";
import { keyIdentity, walkKeys } from "./map-walk";
import { type AnnouncedOptions, type Change, MapWatch, type WatchOptions } from "./map-watch";

/** How an update treats what is there already. */
export type UpdateMode = "any" | "noexist" | "exist";

const MODES: Readonly<Record<UpdateMode, number>> = {
  any: MapUpdate.BPF_ANY,
  noexist: MapUpdate.BPF_NOEXIST,
  exist: MapUpdate.BPF_EXIST,
};

/** A batch reads this many entries in about the time of one look-up. */
const LOOKUPS_PER_BATCH = 8;

/** A key is never an array: codecs of maps are numbers, structs and bytes. */
function isList<K>(keys: K | readonly K[]): keys is readonly K[] {
  return Array.isArray(keys);
}

/**
 * A loaded map whose entries user space reads and writes by key. On a per-CPU map the value of an entry is
 * an array with one element per possible CPU, which `V` here already is.
 *
 * Errors: a RangeError or TypeError for a key or value that its codec refuses; a ReferenceError once the map is
 * closed; a NotSupportedError for what this type of map cannot do; a SyscallError with the kernel's code for the
 * rest, such as E2BIG for a full map.
 */
export class BpfMap<K, V> extends MapObject<MapSpec> {
  private readonly element: MapElement<K, V>;
  private readonly watches = new MapWatch<K, V>({
    identity: (key) => keyIdentity(encoded(this.key, key)),
    read: (keys) => this.values(keys),
  });

  constructor(
    sys: Syscalls,
    spec: MapSpec,
    private readonly key: Codec<K>,
    private readonly value: Codec<V>,
    fd: Fd,
  ) {
    super(sys, spec, fd);
    this.element = new MapElement(sys, spec, key, value, fd);
  }

  /** The value, or undefined when there is none. */
  lookup(key: K): V | undefined {
    this.element.setKey(key);
    return this.read(BpfCmd.BPF_MAP_LOOKUP_ELEM, "lookup");
  }

  /** Writes an entry. False when `mode` forbids it: it exists already, or does not yet. */
  update(key: K, value: V, mode: UpdateMode = "any"): boolean {
    this.element.setKey(key);
    this.element.setValue(value);
    const result = this.element.onBoth(BpfCmd.BPF_MAP_UPDATE_ELEM, MODES[mode]);
    if (mode === "noexist" && result === -errno.EEXIST) return false;
    if (mode === "exist" && result === -errno.ENOENT) return false;
    this.check(result, "update");
    return true;
  }

  /**
   * Writes entries whether they exist or not, in batches (since Linux 5.6), or one by one where the map type has no
   * batches. When one cannot be written, those before it are and the error is that of `update`.
   */
  updateAll(entries: Iterable<readonly [K, V]>): void {
    const all = [...entries];
    const { sys, spec, key, value, fd } = this;
    const written = writeBatches({ sys, spec, key, value, fd }, all);
    for (const [entryKey, entryValue] of all.slice(written)) this.update(entryKey, entryValue);
  }

  /** Removes an entry. False when there was none. */
  delete(key: K): boolean {
    this.element.setKey(key);
    return this.remove();
  }

  /**
   * Removes an entry and returns what it was, or undefined when there was none. Nothing a program adds in between
   * is lost, except before Linux 5.14, where it takes two calls.
   */
  take(key: K): V | undefined {
    this.element.setKey(key);
    return this.takeCurrent();
  }

  /**
   * All entries, each key once, in no order. An entry inserted or removed meanwhile may or may not be
   * there. Reads in batches (since Linux 5.6), or key by key where the map type has no batches.
   */
  entries(): [K, V][] {
    return this.inBatches(false) ?? this.entriesByKey(() => this.read(BpfCmd.BPF_MAP_LOOKUP_ELEM, "lookup"));
  }

  /** The entry of a key as a variable. Only what the kernel does in one operation is atomic, and the rest refused. */
  ref(key: K, { allowRaces = false }: RefOptions = {}): EntryRef<V | undefined> {
    return new MapEntryRef(this, key, allowRaces);
  }

  /** Each change of the entries of these keys, as it is noticed. All watchers of a map share its timer and readings. */
  watch(
    keys: K | readonly K[],
    options?: WatchOptions & AnnouncedOptions<K, V>,
  ): AsyncGenerator<Change<K, V>, void, undefined> {
    return this.watches.watch(isList(keys) ? keys : [keys], options);
  }

  /** The keys, each once, in no order, read one by one as they are asked for. */
  *keys(): Generator<K> {
    for (const key of walkKeys(this.sys, this.spec, this.fd)) yield decoded(this.key, key);
  }

  /**
   * Reads all entries of a hash map and removes them, each key once. What programs insert meanwhile stays for the next
   * time. In batches since Linux 5.6, else key by key.
   */
  drain(): [K, V][] {
    if (!isHash(this.spec)) throw new TypeError(`map "${this.spec.name}" drain: is not a hash map`);
    return this.inBatches(true) ?? this.entriesByKey(() => this.takeCurrent());
  }

  /** Few keys are looked up one by one; many cost less when the whole map is read. */
  private values(keys: readonly K[]): readonly (V | undefined)[] {
    if (keys.length * LOOKUPS_PER_BATCH < this.spec.maxEntries || keys.length < 2)
      return keys.map((key) => this.lookup(key));
    const identity = (key: K) => keyIdentity(encoded(this.key, key));
    const all = new Map(this.entries().map(([key, value]) => [identity(key), value]));
    return keys.map((key) => all.get(identity(key)));
  }

  private check(result: number, operation: string): void {
    if (result < 0) throw mapError(this.spec, operation, -result);
  }

  private read(command: number, operation: string): V | undefined {
    const result = this.element.onBoth(command);
    if (result === -errno.ENOENT) return undefined;
    this.check(result, operation);
    return this.element.value;
  }

  private remove(): boolean {
    const result = this.element.onKey(BpfCmd.BPF_MAP_DELETE_ELEM);
    if (result === -errno.ENOENT) return false;
    this.check(result, "delete");
    return true;
  }

  private takeCurrent(): V | undefined {
    const result = this.element.onBoth(BpfCmd.BPF_MAP_LOOKUP_AND_DELETE_ELEM);
    if (result === -errno.ENOENT) return undefined;
    if (result >= 0) return this.element.value;
    if (result !== -errno.EINVAL && result !== -errno.ENOTSUPP && result !== -errno.EOPNOTSUPP)
      this.check(result, "take");
    const value = this.read(BpfCmd.BPF_MAP_LOOKUP_ELEM, "take");
    return value !== undefined && this.remove() ? value : undefined;
  }

  private inBatches(remove: boolean): [K, V][] | undefined {
    const { sys, spec, key, value, fd } = this;
    return readBatches({ sys, spec, key, value, fd }, remove);
  }

  /** Keys are collected before anything is removed, because the kernel finds the next key by the last one. */
  private entriesByKey(valueOfCurrent: () => V | undefined): [K, V][] {
    const list: [K, V][] = [];
    for (const key of [...walkKeys(this.sys, this.spec, this.fd)]) {
      this.element.setKeyBytes(key);
      const value = valueOfCurrent();
      if (value !== undefined) list.push([decoded(this.key, key), value]);
    }
    return list;
  }
}
