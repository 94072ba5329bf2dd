/** The blueprint of a longest-prefix-match trie. */
import { MapFlag, MapType } from "../core/bpf-uapi";
import { type Codec, u32 } from "../core/codec";
import type { MapSpec } from "./map-spec";

/** A key: the first `prefixLength` bits of `data`, counted from the first byte's highest bit. */
export interface Prefix<D> {
  readonly prefixLength: number;
  readonly data: D;
}

/** Bytes of `__u32 prefixlen`, which stands in front of the data. */
const LENGTH_SIZE = u32.size;

/**
 * Prefixes to values; a look-up finds the longest prefix that covers the key. For IPv4 addresses `data` is
 * `bytes(4)`, in network order. When full, inserting fails with ENOSPC. Since Linux 4.11; before 6.13 it takes no notice
 * of the mode of an update, except where that was mended in a stable version.
 */
export function lpmTrie<D, V>(
  name: string,
  { data, value, maxEntries }: { data: Codec<D>; value: Codec<V>; maxEntries: number },
): MapSpec<Prefix<D>, V> {
  if (data.align > LENGTH_SIZE || data.size < 1 || data.size > 256)
    throw new RangeError(
      `map "${name}": a prefix of ${data.size} bytes aligned to ${data.align}, not 1 to 256 aligned to 4`,
    );
  const key: Codec<Prefix<D>> = {
    size: LENGTH_SIZE + data.size,
    align: LENGTH_SIZE,
    decode: (view, at) => ({
      prefixLength: u32.decode(view, at),
      data: data.decode(view, at + LENGTH_SIZE),
    }),
    encode: (view, at, prefix) => {
      if (prefix.prefixLength > 8 * data.size)
        throw new RangeError(`prefix of ${prefix.prefixLength} bits, the data has ${8 * data.size}`);
      u32.encode(view, at, prefix.prefixLength);
      data.encode(view, at + LENGTH_SIZE, prefix.data);
    },
  };
  const flags = MapFlag.BPF_F_NO_PREALLOC; // the kernel takes no other
  return { name, type: MapType.BPF_MAP_TYPE_LPM_TRIE, key, value, maxEntries, flags };
}
