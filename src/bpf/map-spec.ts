/**
 * Blueprints of maps: pure values, the same on every machine, created by `Kernel`. The less common families
 * have files of their own: queue-spec, stack-trace-spec, lpm-trie-spec, nested-map-spec, task-storage-spec.
 */
import type { MapRef } from "../asm/instruction";
import { MapFlag, MapType } from "../core/bpf-uapi";
import { bytes, type Codec, u32 } from "../core/codec";

/** The blueprint of a map: its type, its layout and its size. */
export interface MapSpec<K = unknown, V = unknown> extends MapRef {
  /** Up to 15 letters, digits, `_` and `.`; what bpftool shows. */
  readonly name: string;
  /** BPF_MAP_TYPE_* */
  readonly type: number;
  readonly key: Codec<K>;
  readonly value: Codec<V>;
  readonly maxEntries: number;
  /** BPF_F_* of map creation */
  readonly flags: number;
  /** What a mappable array begins with, before anything is attached. */
  readonly contents?: Uint8Array;
  /** A setting that only this type has: the number of hash functions of a bloom filter. */
  readonly extra?: number;
  /** What the maps in a map of maps are like. */
  readonly inner?: MapSpec;
  /** The kernel wants the key and value of this type described by BTF. */
  readonly needsBtf?: boolean;
}

interface KeyValue<K, V> {
  readonly key: Codec<K>;
  readonly value: Codec<V>;
  readonly maxEntries: number;
}

function keyed(type: number) {
  return <K, V>(name: string, { key, value, maxEntries }: KeyValue<K, V>): MapSpec<K, V> => ({
    name,
    type,
    key,
    value,
    maxEntries,
    flags: 0,
  });
}

/** Keys to values. When full, inserting fails with E2BIG. */
export const hashMap = keyed(MapType.BPF_MAP_TYPE_HASH);
/** Keys to values. When full, the least recently used entries make room, approximately and unannounced. */
export const lruHashMap = keyed(MapType.BPF_MAP_TYPE_LRU_HASH);
/** Keys to one value per possible CPU. When full, inserting fails with E2BIG. Since Linux 4.6. */
export const perCpuHashMap = keyed(MapType.BPF_MAP_TYPE_PERCPU_HASH);
/** Keys to one value per possible CPU; evicts like `lruHashMap`. Since Linux 4.10. */
export const lruPerCpuHashMap = keyed(MapType.BPF_MAP_TYPE_LRU_PERCPU_HASH);

/** True where each entry has one value per possible CPU. */
export function isPerCpu(spec: { readonly type: number }): boolean {
  return (
    spec.type === MapType.BPF_MAP_TYPE_PERCPU_HASH ||
    spec.type === MapType.BPF_MAP_TYPE_LRU_PERCPU_HASH ||
    spec.type === MapType.BPF_MAP_TYPE_PERCPU_ARRAY
  );
}

const HASHES: readonly number[] = [
  MapType.BPF_MAP_TYPE_HASH,
  MapType.BPF_MAP_TYPE_LRU_HASH,
  MapType.BPF_MAP_TYPE_PERCPU_HASH,
  MapType.BPF_MAP_TYPE_LRU_PERCPU_HASH,
];

/** True for the hash maps proper, whose entries come and go. */
export function isHash(spec: { readonly type: number }): boolean {
  return HASHES.includes(spec.type);
}

/** Indices 0 to maxEntries − 1 to values, all there from the start, zeroed. */
export function arrayMap<V>(name: string, value: Codec<V>, maxEntries: number): MapSpec<number, V> {
  return { name, type: MapType.BPF_MAP_TYPE_ARRAY, key: u32, value, maxEntries, flags: 0 };
}

/** An array with one value per possible CPU at each index. Since Linux 4.6. */
export function perCpuArrayMap<V>(name: string, value: Codec<V>, maxEntries: number): MapSpec<number, V> {
  return { name, type: MapType.BPF_MAP_TYPE_PERCPU_ARRAY, key: u32, value, maxEntries, flags: 0 };
}

/** An array that user space maps into its memory: reading costs no system call. Since Linux 5.5. */
export function mappableArray<V>(name: string, value: Codec<V>, maxEntries: number): MapSpec<number, V> {
  return { ...arrayMap(name, value, maxEntries), flags: MapFlag.BPF_F_MMAPABLE };
}

/** Bytes from one entry of a mappable array to the next: the kernel rounds values up to eight. */
export function strideOf(spec: { readonly value: { readonly size: number } }): number {
  return Math.ceil(spec.value.size / 8) * 8;
}

/** Descriptors of cgroup v2 directories, for bpf_current_task_under_cgroup. Write-only for user space. Since Linux 4.8. */
export function cgroupArray(name: string, maxEntries: number): MapSpec<number, number> {
  return { name, type: MapType.BPF_MAP_TYPE_CGROUP_ARRAY, key: u32, value: u32, maxEntries, flags: 0 };
}

/**
 * Descriptors of perf events by CPU, for bpf_perf_event_read and bpf_perf_event_output. Write-only for user
 * space; an entry is gone when the descriptor that put it there is closed. Since Linux 4.3.
 */
export function perfEventArray(name: string, maxEntries: number): MapSpec<number, number> {
  return { name, type: MapType.BPF_MAP_TYPE_PERF_EVENT_ARRAY, key: u32, value: u32, maxEntries, flags: 0 };
}

/** How a record becomes a value: a codec, or a function for records of different lengths. */
export type RecordDecoder<R> = Codec<R> | ((view: DataView, at: number, length: number) => R);

/** A ring buffer's blueprint: what `Kernel.createRingBuffer` takes. */
export interface RingSpec<R = unknown> extends MapSpec {
  readonly record: RecordDecoder<R>;
}

const nothing = bytes(0) as Codec<unknown>;

/** The decoder of records that are taken as they are. */
export function copied(view: DataView, at: number, length: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + at, length).slice();
}

/**
 * Records from the kernel in order, shared by all CPUs; `size` bytes, a power of two and whole pages. Records are
 * decoded by `record`, or copied out as they are. When full, the program's reserve fails. Since Linux 5.8.
 */
export function ringBuffer(name: string, size: number): RingSpec<Uint8Array>;
export function ringBuffer<R>(name: string, size: number, record: RecordDecoder<R>): RingSpec<R>;
export function ringBuffer<R>(
  name: string,
  size: number,
  record?: RecordDecoder<R>,
): RingSpec<R | Uint8Array> {
  return {
    name,
    type: MapType.BPF_MAP_TYPE_RINGBUF,
    key: nothing,
    value: nothing,
    maxEntries: size,
    flags: 0,
    record: record ?? copied,
  };
}
