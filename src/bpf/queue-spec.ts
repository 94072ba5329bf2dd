/** Blueprints of maps without keys: queue, stack, bloom filter. */
import { MapType } from "../core/bpf-uapi";
import { bytes, type Codec } from "../core/codec";
import type { MapSpec } from "./map-spec";

/** A queue's or a stack's blueprint: what `Kernel.createQueue` takes. */
export interface QueueSpec<V = unknown> extends MapSpec<unknown, V> {
  readonly keyless: "queue";
}

/** A bloom filter's blueprint: what `Kernel.createBloomFilter` takes. */
export interface BloomFilterSpec<V = unknown> extends MapSpec<unknown, V> {
  readonly keyless: "bloom-filter";
}

const noKey = bytes(0) as Codec<unknown>;

/** Values, the first pushed popped first. When full, pushing fails with E2BIG. Since Linux 4.20. */
export function queueMap<V>(name: string, value: Codec<V>, maxEntries: number): QueueSpec<V> {
  return {
    name,
    type: MapType.BPF_MAP_TYPE_QUEUE,
    key: noKey,
    value,
    maxEntries,
    flags: 0,
    keyless: "queue",
  };
}

/** Values, the last pushed popped first. When full, pushing fails with E2BIG. Since Linux 4.20. */
export function stackMap<V>(name: string, value: Codec<V>, maxEntries: number): QueueSpec<V> {
  return {
    name,
    type: MapType.BPF_MAP_TYPE_STACK,
    key: noKey,
    value,
    maxEntries,
    flags: 0,
    keyless: "queue",
  };
}

/** The kernel's default number of hash functions, and the most it takes (BPF_MAP_TYPE_BLOOM_FILTER, map_extra). */
const DEFAULT_HASHES = 5;
const MOST_HASHES = 15;

/**
 * A set that may say yes to a value never added, but never no to one that was. `maxEntries` values give the false
 * positives that `hashes` functions (1 to 15) promise; more can be added, at the cost of more of them. Since Linux 5.16.
 */
export function bloomFilter<V>(
  name: string,
  value: Codec<V>,
  maxEntries: number,
  hashes = DEFAULT_HASHES,
): BloomFilterSpec<V> {
  if (!Number.isInteger(hashes) || hashes < 1 || hashes > MOST_HASHES)
    throw new RangeError(`map "${name}": ${hashes} hash functions, not 1 to ${MOST_HASHES}`);
  const type = MapType.BPF_MAP_TYPE_BLOOM_FILTER;
  return { name, type, key: noKey, value, maxEntries, flags: 0, extra: hashes, keyless: "bloom-filter" };
}
