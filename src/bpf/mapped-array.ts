import type { Codec } from "../core/codec";
import type { Mapping, Syscalls } from "../sys/syscalls";
import type { Fd } from "./fd";
import { naming } from "./map-error";
import { MapObject } from "./map-object";
import { AtomicRef, type EntryRef } from "./map-ref";
import { type MapSpec, strideOf } from "./map-spec";
import { type AnnouncedOptions, type Change, MapWatch, type WatchOptions } from "./map-watch";

/**
 * A mappable array in our own memory: what the program writes is read without a system call.
 *
 * Errors: a RangeError for an index outside, or a value its codec refuses; a ReferenceError once the map is closed.
 * Views kept beyond that show zeros.
 */
export class MappedArray<V> extends MapObject<MapSpec<number, V>> {
  private readonly mapping: Mapping;
  private readonly watches = new MapWatch<number, V>({
    identity: String,
    read: (indices) => indices.map((index) => this.get(index)),
  });
  private readonly value: Codec<V>;
  /** Bytes from one entry to the next. */
  readonly stride: number;

  constructor(sys: Syscalls, spec: MapSpec<number, V>, fd: Fd) {
    super(sys, spec, fd);
    this.value = spec.value;
    this.stride = strideOf(spec);
    const bytes = this.stride * spec.maxEntries;
    const pages = Math.ceil(bytes / sys.pageSize) * sys.pageSize;
    this.mapping = sys.mmap(fd.number, pages, "read-write", 0);
    if (spec.contents !== undefined) new Uint8Array(this.mapping.buffer).set(spec.contents);
  }

  /** The live memory of all entries; each use asks again, so that none outlives the map. */
  get view(): DataView {
    return new DataView(this.memory, 0, this.stride * this.spec.maxEntries);
  }

  /** The live memory as 64-bit words, for bulk reading and `Atomics`. */
  get words(): BigUint64Array {
    return new BigUint64Array(this.memory, 0, (this.stride * this.spec.maxEntries) / 8);
  }

  get(index: number): V {
    this.checkIndex(index);
    return this.value.decode(this.view, index * this.stride);
  }

  set(index: number, value: V): void {
    this.checkIndex(index);
    const { view } = this;
    naming(this.spec, "value", () => this.value.encode(view, index * this.stride, value));
  }

  /**
   * An entry as a variable shared with programs and other processes: all of its operations are atomic and none is a
   * system call. Throws a TypeError unless values have 4 or 8 bytes.
   */
  ref(index: number): EntryRef<V> {
    this.checkIndex(index);
    return new AtomicRef(this.spec, () => ({ buffer: this.memory, at: index * this.stride }));
  }

  /** Each change of these entries, as it is noticed: a look costs no system call. All watchers share one timer. */
  watch(
    indices: number | readonly number[],
    options?: WatchOptions & AnnouncedOptions<number, V>,
  ): AsyncGenerator<Change<number, V>, void, undefined> {
    return this.watches.watch(typeof indices === "number" ? [indices] : indices, options);
  }

  override [Symbol.dispose](): void {
    this.mapping[Symbol.dispose]();
    super[Symbol.dispose]();
  }

  private get memory(): ArrayBuffer {
    void this.fd.number; // throws, naming the map, once closed
    return this.mapping.buffer;
  }

  private checkIndex(index: number): void {
    if (!Number.isInteger(index) || index < 0 || index >= this.spec.maxEntries)
      throw new RangeError(`map "${this.spec.name}": no index ${index} below ${this.spec.maxEntries}`);
  }
}
