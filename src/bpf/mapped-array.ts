import type { Codec } from "../core/codec";
import type { Mapping, Syscalls } from "../sys/syscalls";
import type { Fd } from "./fd";
import { type LiveOptions, liveValues } from "./live-values";
import { naming } from "./map-error";
import { type MapSpec, strideOf } from "./map-spec";

/**
 * A mappable array in our own memory: what the program writes is read without a system call.
 *
 * Errors: a RangeError for an index outside, or a value its codec refuses; a ReferenceError once the map is closed.
 * Views kept beyond that show zeros.
 */
export class MappedArray<V> implements Disposable {
  private readonly mapping: Mapping;
  private readonly value: Codec<V>;
  /** Bytes from one entry to the next. */
  readonly stride: number;

  constructor(
    sys: Syscalls,
    readonly spec: MapSpec<number, V>,
    private readonly fd: Fd,
  ) {
    this.value = spec.value;
    this.stride = strideOf(spec);
    const bytes = this.stride * spec.maxEntries;
    const pages = Math.ceil(bytes / sys.pageSize) * sys.pageSize;
    this.mapping = sys.mmap(fd.number, pages, "read-write", 0);
    if (spec.contents !== undefined) new Uint8Array(this.mapping.buffer).set(spec.contents);
  }

  /** Its file descriptor. */
  get number(): number {
    return this.fd.number;
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
    naming(this.spec as MapSpec, "value", () => this.value.encode(view, index * this.stride, value));
  }

  /** The value of an entry, now and each time it is found changed: no system call is made for a look. */
  live(index: number, options?: LiveOptions): AsyncGenerator<V, void, undefined> {
    return liveValues(() => this.get(index), options);
  }

  [Symbol.dispose](): void {
    this.mapping[Symbol.dispose]();
    this.fd[Symbol.dispose]();
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
