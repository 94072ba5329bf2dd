/** The map types, each created with one entry. */
import { BpfCmd, MapFlag, MapType } from "../../core/bpf-uapi";
import { i32, u32 } from "../../core/codec";
import { errno } from "../../core/errno";
import { BtfLoad, MapBatch } from "../attr-layouts";
import { btfForMap } from "../btf/map-btf";
import type { Feature } from "./feature";
import { type Outcome, outcomeOf, works } from "./outcome";
import type { Trial } from "./trial";

const CREATE = "bpf(BPF_MAP_CREATE)";
const ONE = { keySize: 4, valueSize: 8, maxEntries: 1 };

type Shape = Parameters<Trial["map"]>[0];

function mapFeature(title: string, since: string, shape: (trial: Trial) => Shape) {
  return {
    title,
    group: "maps",
    since,
    probe: (trial: Trial) => outcomeOf(CREATE, trial.map(shape(trial))),
  } as const satisfies Feature;
}

export const mapFeatures = {
  hash: mapFeature("hash", "3.19", () => ({ mapType: MapType.BPF_MAP_TYPE_HASH, ...ONE })),
  "lru-hash": mapFeature("LRU hash", "4.10", () => ({ mapType: MapType.BPF_MAP_TYPE_LRU_HASH, ...ONE })),
  "per-cpu-hash": mapFeature("per-CPU hash", "4.6", () => ({
    mapType: MapType.BPF_MAP_TYPE_PERCPU_HASH,
    ...ONE,
  })),
  "lru-per-cpu-hash": mapFeature("LRU per-CPU hash", "4.10", () => ({
    mapType: MapType.BPF_MAP_TYPE_LRU_PERCPU_HASH,
    ...ONE,
  })),
  array: mapFeature("array", "3.19", () => ({ mapType: MapType.BPF_MAP_TYPE_ARRAY, ...ONE })),
  "per-cpu-array": mapFeature("per-CPU array", "4.6", () => ({
    mapType: MapType.BPF_MAP_TYPE_PERCPU_ARRAY,
    ...ONE,
  })),
  "mmapable-array": mapFeature("array mapped into memory", "5.5", () => ({
    mapType: MapType.BPF_MAP_TYPE_ARRAY,
    mapFlags: MapFlag.BPF_F_MMAPABLE,
    ...ONE,
  })),
  "stack-trace": mapFeature("stack traces", "4.6", () => ({
    ...ONE,
    mapType: MapType.BPF_MAP_TYPE_STACK_TRACE,
    valueSize: 8 * 127,
  })),
  "ring-buffer": mapFeature("ring buffer", "5.8", ({ sys }) => ({
    mapType: MapType.BPF_MAP_TYPE_RINGBUF,
    maxEntries: sys.pageSize,
  })),
  "perf-event-array": mapFeature("array of perf events", "4.3", () => ({
    ...ONE,
    mapType: MapType.BPF_MAP_TYPE_PERF_EVENT_ARRAY,
    valueSize: 4,
  })),
  queue: mapFeature("queue", "4.20", () => ({ ...ONE, mapType: MapType.BPF_MAP_TYPE_QUEUE, keySize: 0 })),
  stack: mapFeature("stack", "4.20", () => ({ ...ONE, mapType: MapType.BPF_MAP_TYPE_STACK, keySize: 0 })),
  "lpm-trie": mapFeature("longest prefix match", "4.11", () => ({
    ...ONE,
    mapType: MapType.BPF_MAP_TYPE_LPM_TRIE,
    keySize: 8,
    mapFlags: MapFlag.BPF_F_NO_PREALLOC,
  })),
  "array-of-maps": {
    title: "array of maps",
    group: "maps",
    since: "4.12",
    probe: (trial) => outerMap(trial, MapType.BPF_MAP_TYPE_ARRAY_OF_MAPS),
  },
  "hash-of-maps": {
    title: "hash of maps",
    group: "maps",
    since: "4.12",
    probe: (trial) => outerMap(trial, MapType.BPF_MAP_TYPE_HASH_OF_MAPS),
  },
  "cgroup-array": mapFeature("array of cgroups", "4.8", () => ({
    ...ONE,
    mapType: MapType.BPF_MAP_TYPE_CGROUP_ARRAY,
    valueSize: 4,
  })),
  "task-storage": {
    title: "task storage",
    group: "maps",
    since: "5.11",
    probe: taskStorage,
  },
  "bloom-filter": mapFeature("bloom filter", "5.16", () => ({
    ...ONE,
    mapType: MapType.BPF_MAP_TYPE_BLOOM_FILTER,
    keySize: 0,
  })),
  batch: {
    title: "many entries of a map in one call",
    group: "maps",
    since: "5.6",
    probe: batch,
  },
} as const satisfies Record<string, Feature>;

function outerMap(trial: Trial, mapType: number): Outcome {
  const innerMapFd = trial.map({ mapType: MapType.BPF_MAP_TYPE_ARRAY, ...ONE });
  if (innerMapFd < 0) return outcomeOf(CREATE, innerMapFd);
  return outcomeOf(CREATE, trial.map({ mapType, innerMapFd, ...ONE, valueSize: 4 }));
}

/** Local storage must describe its key and value by BTF of its own. */
function taskStorage(trial: Trial): Outcome {
  const { bytes, keyTypeId, valueTypeId } = btfForMap(i32, u32);
  const btfFd = trial.open(BpfCmd.BPF_BTF_LOAD, BtfLoad, { btf: bytes, btfSize: bytes.length });
  if (btfFd < 0) return outcomeOf("bpf(BPF_BTF_LOAD)", btfFd);
  const map = trial.map({
    mapType: MapType.BPF_MAP_TYPE_TASK_STORAGE,
    mapFlags: MapFlag.BPF_F_NO_PREALLOC,
    keySize: i32.size,
    valueSize: u32.size,
    btfFd,
    btfKeyTypeId: keyTypeId,
    btfValueTypeId: valueTypeId,
  });
  return outcomeOf(CREATE, map);
}

function batch(trial: Trial): Outcome {
  const mapFd = trial.map({ mapType: MapType.BPF_MAP_TYPE_HASH, ...ONE });
  if (mapFd < 0) return outcomeOf(CREATE, mapFd);
  const result = trial.bpf(BpfCmd.BPF_MAP_LOOKUP_BATCH, MapBatch, {
    mapFd,
    outBatch: new Uint8Array(4),
    keys: new Uint8Array(ONE.keySize),
    values: new Uint8Array(ONE.valueSize),
    count: 1,
  });
  // The map is empty, and that is what a kernel with batches says.
  return result === -errno.ENOENT ? works() : outcomeOf("bpf(BPF_MAP_LOOKUP_BATCH)", result);
}
