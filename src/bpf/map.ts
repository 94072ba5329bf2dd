import { BpfCmd, MapUpdate } from "../core/bpf-uapi";
import type { Codec } from "../core/codec";
import { errno } from "../core/errno";
import { BpfkitError, SyscallError } from "../core/errors";
import { Attr } from "../sys/attr";
import type { Syscalls } from "../sys/syscalls";
import { MapBatch, MapElem } from "./attr-layouts";
import type { Fd } from "./fd";
import { isPerCpu, type MapSpec } from "./map-spec";

/** How an update treats what is there already. */
export type UpdateMode = "any" | "noexist" | "exist";

const MODES: Readonly<Record<UpdateMode, number>> = {
  any: MapUpdate.BPF_ANY,
  noexist: MapUpdate.BPF_NOEXIST,
  exist: MapUpdate.BPF_EXIST,
};

/** Entries read by one BPF_MAP_LOOKUP_BATCH. */
const BATCH = 4096;

/**
 * A loaded map whose entries user space reads and writes by key. On a per-CPU map the value of an entry is
 * an array with one element per possible CPU, which `V` here already is.
 */
export class BpfMap<K, V> implements Disposable {
  private readonly keyBytes: Uint8Array;
  private readonly valueBytes: Uint8Array;
  private readonly valueView: DataView;

  constructor(
    private readonly sys: Syscalls,
    readonly spec: MapSpec,
    private readonly key: Codec<K>,
    private readonly value: Codec<V>,
    private readonly fd: Fd,
  ) {
    this.keyBytes = new Uint8Array(key.size);
    this.valueBytes = new Uint8Array(value.size);
    this.valueView = new DataView(this.valueBytes.buffer);
  }

  /** Its file descriptor. */
  get number(): number {
    return this.fd.number;
  }

  /** The value, or undefined when there is none. */
  lookup(key: K): V | undefined {
    const result = this.element(BpfCmd.BPF_MAP_LOOKUP_ELEM, key, this.valueBytes);
    if (result === -errno.ENOENT) return undefined;
    this.check(result, "lookup");
    return this.value.decode(this.valueView, 0);
  }

  /** Writes an entry. False when `mode` forbids it: it exists already, or does not yet. */
  update(key: K, value: V, mode: UpdateMode = "any"): boolean {
    this.valueBytes.fill(0);
    this.value.encode(this.valueView, 0, value);
    const result = this.element(BpfCmd.BPF_MAP_UPDATE_ELEM, key, this.valueBytes, MODES[mode]);
    if (mode === "noexist" && result === -errno.EEXIST) return false;
    if (mode === "exist" && result === -errno.ENOENT) return false;
    this.check(result, "update");
    return true;
  }

  /** Removes an entry. False when there was none. */
  delete(key: K): boolean {
    const result = this.element(BpfCmd.BPF_MAP_DELETE_ELEM, key);
    if (result === -errno.ENOENT) return false;
    this.check(result, "delete");
    return true;
  }

  /**
   * All entries, each key once, in no order. An entry inserted or removed meanwhile may or may not be
   * there. Reads in batches (since Linux 5.6), or key by key where the map type has no batches.
   */
  entries(): [K, V][] {
    return this.readBatches() ?? this.walk();
  }

  [Symbol.dispose](): void {
    this.fd[Symbol.dispose]();
  }

  private element(command: number, key: K, value?: Uint8Array, flags = 0): number {
    this.key.encode(new DataView(this.keyBytes.buffer), 0, key);
    const { keyBytes } = this;
    return this.sys.bpf(command, Attr.of(MapElem, { mapFd: this.fd.number, key: keyBytes, value, flags }));
  }

  private check(result: number, operation: string): void {
    if (result >= 0) return;
    const full = -result === errno.E2BIG;
    throw new SyscallError(`map "${this.spec.name}" ${operation}`, -result, {
      hint: full ? `the map is full: it has ${this.spec.maxEntries} entries` : undefined,
    });
  }

  /** Undefined when this kernel has no batches for this map type. */
  private readBatches(): [K, V][] | undefined {
    const capacity = Math.min(BATCH, this.spec.maxEntries);
    const found = new EntrySet(this.key, this.value);
    // The position is opaque to us; four bytes hold it for hash maps, and arrays use a key.
    let position: Uint8Array | undefined;
    const next = new Uint8Array(Math.max(4, this.key.size));
    let room = capacity;
    for (;;) {
      const keys = new Uint8Array(room * this.key.size);
      const values = new Uint8Array(room * this.value.size);
      const attr = Attr.of(MapBatch, {
        mapFd: this.fd.number,
        inBatch: position,
        outBatch: next,
        keys,
        values,
        count: room,
      });
      const result = this.sys.bpf(BpfCmd.BPF_MAP_LOOKUP_BATCH, attr);
      if (result === -errno.ENOSPC && room < 2 * this.spec.maxEntries) {
        room *= 2; // a bucket with more entries than fit
        continue;
      }
      const isLast = result === -errno.ENOENT;
      if (!isLast && position === undefined && (result === -errno.EINVAL || result === -errno.ENOTSUPP))
        return undefined;
      if (!isLast) this.check(result, "batch lookup");
      found.add(keys, values, attr.read(MapBatch, "count"));
      if (isLast) return found.list;
      position = next.slice();
    }
  }

  private walk(): [K, V][] {
    const found = new EntrySet(this.key, this.value);
    const next = new Uint8Array(this.key.size);
    let previous: Uint8Array | undefined;
    // A key deleted under our feet makes the kernel start over: the bound keeps that finite.
    for (let steps = 0; steps < 4 * this.spec.maxEntries + 16; steps++) {
      const after = Attr.of(MapElem, { mapFd: this.fd.number, key: previous, value: next });
      const result = this.sys.bpf(BpfCmd.BPF_MAP_GET_NEXT_KEY, after);
      if (result === -errno.ENOENT) return found.list;
      this.check(result, "next key");
      previous = next.slice();
      const values = new Uint8Array(this.value.size);
      const at = Attr.of(MapElem, { mapFd: this.fd.number, key: previous, value: values });
      if (this.sys.bpf(BpfCmd.BPF_MAP_LOOKUP_ELEM, at) >= 0) found.add(previous, values, 1);
    }
    throw new BpfkitError(`map "${this.spec.name}" entries: changes faster than it can be read`);
  }
}

/** Decoded entries without repetition: a hash map that changes while it is read can yield a key twice. */
class EntrySet<K, V> {
  readonly list: [K, V][] = [];
  private readonly seen = new Set<string>();

  constructor(
    private readonly key: Codec<K>,
    private readonly value: Codec<V>,
  ) {}

  add(keys: Uint8Array, values: Uint8Array, count: number): void {
    const keyView = new DataView(keys.buffer, keys.byteOffset);
    const valueView = new DataView(values.buffer, values.byteOffset);
    for (let i = 0; i < count; i++) {
      const at = i * this.key.size;
      const identity = Buffer.from(keys.buffer, keys.byteOffset + at, this.key.size).toString("latin1");
      if (this.seen.has(identity)) continue;
      this.seen.add(identity);
      this.list.push([this.key.decode(keyView, at), this.value.decode(valueView, i * this.value.size)]);
    }
  }
}

/** The codec of what user space reads for one entry: on per-CPU maps an array over the possible CPUs. */
export function entryCodec<V>(spec: MapSpec<unknown, V>, cpus: number): Codec<V> | Codec<V[]> {
  return isPerCpu(spec) ? perCpuValue(spec.value, cpus) : spec.value;
}

/** One value per CPU, each in a slot rounded up to eight bytes, as the kernel copies them. */
function perCpuValue<V>(value: Codec<V>, cpus: number): Codec<V[]> {
  const slot = Math.ceil(value.size / 8) * 8;
  return {
    size: slot * cpus,
    align: 8,
    decode: (view, at) => Array.from({ length: cpus }, (_, cpu) => value.decode(view, at + cpu * slot)),
    encode: (view, at, all) => {
      all.forEach((item, cpu) => {
        value.encode(view, at + cpu * slot, item);
      });
    },
  };
}
