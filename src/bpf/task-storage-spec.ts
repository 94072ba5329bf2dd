/** The blueprint of task storage. */
import { MapFlag, MapType } from "../core/bpf-uapi";
import { type Codec, i32 } from "../core/codec";
import type { MapSpec } from "./map-spec";

/**
 * A value for each thread, gone when the thread ends; never full. Programs get it with bpf_task_storage_get. For user
 * space the key is a pidfd (`Kernel.openProcess`), and entries cannot be listed. Since Linux 5.11.
 */
export function taskStorage<V>(name: string, value: Codec<V>): MapSpec<number, V> {
  const flags = MapFlag.BPF_F_NO_PREALLOC; // the kernel takes no other
  return {
    name,
    type: MapType.BPF_MAP_TYPE_TASK_STORAGE,
    key: i32,
    value,
    maxEntries: 0,
    flags,
    needsBtf: true,
  };
}
