import { BpfCmd } from "../core/bpf-uapi";
import type { Codec } from "../core/codec";
import { errno } from "../core/errno";
import { Attr } from "../sys/attr";
import type { Syscalls } from "../sys/syscalls";
import { MapBatch } from "./attr-layouts";
import type { Fd } from "./fd";
import { mapError, naming } from "./map-error";
import { isHash, type MapSpec } from "./map-spec";
import { keyIdentity } from "./map-walk";

/** Entries read by one call, and bytes of memory for them: histograms and per-CPU values are large. */
const BATCH = 4096;
const BATCH_BYTES = 256 << 10;

interface Batched<K, V> {
  readonly sys: Syscalls;
  readonly spec: MapSpec;
  readonly key: Codec<K>;
  /** Of what user space gets: all CPUs' values on a per-CPU map. */
  readonly value: Codec<V>;
  readonly fd: Fd;
}

/**
 * Entries in batches, removed as they are read if asked for; undefined when this kernel has no batches for this
 * type of map, or the map changes too fast for them. A hash map hands its buckets over one after the other, each
 * whole, so no key comes twice; other types start over when the key they stand at is gone, so keys are compared.
 */
export function readBatches<K, V>(
  { sys, spec, key, value, fd }: Batched<K, V>,
  remove: boolean,
): [K, V][] | undefined {
  const command = remove ? BpfCmd.BPF_MAP_LOOKUP_AND_DELETE_BATCH : BpfCmd.BPF_MAP_LOOKUP_BATCH;
  const list: [K, V][] = [];
  const seen = isHash(spec) ? undefined : new Set<string>();
  // The position is opaque to us; four bytes hold it for hash maps, and other types use a key.
  const next = new Uint8Array(Math.max(4, key.size));
  let position: Uint8Array | undefined;
  let room = Math.max(1, Math.min(spec.maxEntries, affordable(key, value)));
  let keys = new Uint8Array(room * key.size);
  let values = new Uint8Array(room * value.size);
  // Twice the map's size is more than other types than hash maps yield unless they start over and over.
  for (let read = 0; read < 2 * spec.maxEntries + BATCH; ) {
    const attr = Attr.of(MapBatch, {
      mapFd: fd.number,
      inBatch: position,
      outBatch: next,
      keys,
      values,
      count: room,
    });
    const result = sys.bpf(command, attr);
    if (result === -errno.ENOSPC && room < 2 * spec.maxEntries) {
      room *= 2; // a bucket with more entries than fit
      keys = new Uint8Array(room * key.size);
      values = new Uint8Array(room * value.size);
      continue;
    }
    const isLast = result === -errno.ENOENT;
    if (!isLast && result < 0) {
      if (isUnavailable(result) && position === undefined) return undefined;
      if (isInterrupted(result) && !remove) return undefined;
      throw mapError(spec, remove ? "batch read and delete" : "batch lookup", -result);
    }
    const count = attr.read(MapBatch, "count");
    const keyView = new DataView(keys.buffer);
    const valueView = new DataView(values.buffer);
    for (let i = 0; i < count; i++) {
      const at = i * key.size;
      if (seen !== undefined) {
        const identity = keyIdentity(keys.subarray(at, at + key.size));
        if (seen.has(identity)) continue;
        seen.add(identity);
      }
      list.push([key.decode(keyView, at), value.decode(valueView, i * value.size)]);
    }
    if (isLast || count === 0) return list;
    read += count;
    position = next.slice();
  }
  return list;
}

/** How many entries one call reads or writes. */
function affordable(key: { readonly size: number }, value: { readonly size: number }): number {
  return Math.min(BATCH, Math.max(64, Math.floor(BATCH_BYTES / (key.size + value.size))));
}

/**
 * Writes entries in batches, until the kernel refuses one: it has none for this type of map, or an entry in it cannot be
 * written. Returns how many entries are before that one, all of them written.
 */
export function writeBatches<K, V>(
  { sys, spec, key, value, fd }: Batched<K, V>,
  entries: readonly (readonly [K, V])[],
): number {
  const room = Math.min(entries.length, affordable(key, value));
  const keys = new Uint8Array(room * key.size);
  const values = new Uint8Array(room * value.size);
  const keyView = new DataView(keys.buffer);
  const valueView = new DataView(values.buffer);
  for (let written = 0; written < entries.length; ) {
    const chunk = entries.slice(written, written + room);
    values.fill(0);
    chunk.forEach(([entryKey, entryValue], i) => {
      naming(spec, "key", () => key.encode(keyView, i * key.size, entryKey));
      naming(spec, "value", () => value.encode(valueView, i * value.size, entryValue));
    });
    const attr = Attr.of(MapBatch, { mapFd: fd.number, keys, values, count: chunk.length });
    if (sys.bpf(BpfCmd.BPF_MAP_UPDATE_BATCH, attr) < 0) return written;
    written += chunk.length;
  }
  return entries.length;
}

/** EINVAL: the kernel does not know the command. ENOTSUPP: this type of map does not. */
function isUnavailable(result: number): boolean {
  return result === -errno.EINVAL || result === -errno.ENOTSUPP || result === -errno.EOPNOTSUPP;
}

/** Keys kept vanishing under the kernel's own walk. */
function isInterrupted(result: number): boolean {
  return result === -errno.EAGAIN || result === -errno.EINTR;
}
