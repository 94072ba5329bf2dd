/**
 * Blueprints of maps of maps. User space writes an inner map's descriptor and reads its id, which
 * `Kernel.openMap` turns into a map again; a program looks up the inner map itself.
 */
import { MapType } from "../core/bpf-uapi";
import { type Codec, u32 } from "../core/codec";
import type { MapSpec } from "./map-spec";

/** Indices to maps that are all like `inner`. Since Linux 4.12. */
export function arrayOfMaps(name: string, inner: MapSpec, maxEntries: number): MapSpec<number, number> {
  const type = MapType.BPF_MAP_TYPE_ARRAY_OF_MAPS;
  return { name, type, key: u32, value: u32, maxEntries, flags: 0, inner };
}

/** Keys to maps that are all like `inner`. Since Linux 4.12. */
export function hashOfMaps<K>(
  name: string,
  inner: MapSpec,
  { key, maxEntries }: { key: Codec<K>; maxEntries: number },
): MapSpec<K, number> {
  const type = MapType.BPF_MAP_TYPE_HASH_OF_MAPS;
  return { name, type, key, value: u32, maxEntries, flags: 0, inner };
}
