/**
 * A kernel edge for tests without rights: maps hold what is put into them, programs load but never run. It counts
 * what is open, and refuses what a test tells it to refuse.
 */
import { MapBatch, MapCreate, MapElem, MapInfo, ObjId, ObjInfo, ObjPin } from "../src/bpf/attr-layouts";
import type { KernelFacts } from "../src/bpf/facts";
import { Kernel } from "../src/bpf/kernel";
import { BpfCmd, MapType, MapUpdate } from "../src/core/bpf-uapi";
import { encoded } from "../src/core/codec";
import { errno } from "../src/core/errno";
import { SyscallError } from "../src/core/errors";
import { Attr } from "../src/sys/attr";
import { OwnedMapping } from "../src/sys/owned-mapping";
import type { Mapping, MemoryLock, Syscalls, Watch } from "../src/sys/syscalls";

const PAGE = 4096;

const BATCHES: readonly number[] = [
  BpfCmd.BPF_MAP_LOOKUP_BATCH,
  BpfCmd.BPF_MAP_LOOKUP_AND_DELETE_BATCH,
  BpfCmd.BPF_MAP_UPDATE_BATCH,
];

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** A map of the fake. `entries` are in the order of insertion, which is the order they are walked in. */
export interface FakeMap {
  readonly fd: number;
  readonly name: string;
  readonly type: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  readonly flags: number;
  readonly entries: Map<string, Uint8Array>;
  /** Of queues and stacks, in the order pushed. */
  readonly values: Uint8Array[];
  /** What is mapped, by its offset, made at the first mapping. */
  readonly memory: Map<number, ArrayBuffer>;
}

/** One call that was made. */
export interface FakeCall {
  readonly call: string;
  readonly attr?: Attr;
  readonly args?: readonly number[];
}

type Refusal = (attr: Attr, times: number) => number;

export class FakeSyscalls implements Syscalls {
  readonly pageSize = PAGE;
  readonly maps = new Map<number, FakeMap>();
  readonly calls: FakeCall[] = [];
  /** Texts of /proc and /sys. */
  readonly files = new Map<string, string>([["/sys/devices/system/cpu/online", "0-1\n"]]);
  readonly mappings = new Set<Mapping>();
  /** What is mapped of perf events, by CPU. */
  readonly perfMemory = new Map<number, ArrayBuffer>();
  private readonly perfCpus = new Map<number, number>();
  /** Runs before each bpf(2) command: a test's chance to change a map while it is read. */
  meanwhile: (command: number) => void = () => {};
  private readonly open_ = new Map<number, string>();
  private readonly refusals = new Map<number, { refuse: Refusal; times: number }>();
  private readonly pinned = new Map<string, number>();
  private nextFd = 100;

  /** What is open now. */
  get openFds(): string[] {
    return [...this.open_.values()];
  }

  /** Makes a command of bpf(2) fail; the function may return 0 to let a call pass. */
  refuse(command: number, refusal: number | Refusal): void {
    this.refusals.set(command, { refuse: typeof refusal === "number" ? () => refusal : refusal, times: 0 });
  }

  /** A map by its name. */
  map(name: string): FakeMap {
    const found = [...this.maps.values()].find((map) => map.name === name);
    if (found === undefined) throw new Error(`no map "${name}"`);
    return found;
  }

  bpf(command: number, attr: Attr): number {
    this.calls.push({ call: commandName(command), attr });
    this.meanwhile(command);
    const refusal = this.refusals.get(command);
    const refused = refusal?.refuse(attr, refusal.times++) ?? 0;
    if (refused > 0) return -refused;
    switch (command) {
      case BpfCmd.BPF_MAP_CREATE:
        return this.createMap(attr);
      case BpfCmd.BPF_PROG_LOAD:
        return this.newFd("program");
      case BpfCmd.BPF_RAW_TRACEPOINT_OPEN:
      case BpfCmd.BPF_LINK_CREATE:
        return this.newFd("link");
      case BpfCmd.BPF_BTF_LOAD:
        return this.newFd("BTF");
      case BpfCmd.BPF_ENABLE_STATS:
        return this.newFd("stats");
      case BpfCmd.BPF_PROG_ATTACH:
      case BpfCmd.BPF_PROG_DETACH:
      case BpfCmd.BPF_MAP_FREEZE:
        return 0;
      case BpfCmd.BPF_OBJ_PIN:
        return this.pin(attr);
      case BpfCmd.BPF_OBJ_GET:
        return this.openAgain(this.pinned.get(hex(buffer(attr, ObjPin.offsets.pathname))));
      case BpfCmd.BPF_MAP_GET_FD_BY_ID:
        return this.openAgain(attr.read(ObjId, "id"));
      case BpfCmd.BPF_OBJ_GET_INFO_BY_FD:
        return this.info(attr);
      default:
        return this.mapCommand(command, attr);
    }
  }

  perfEventOpen(attr: Attr, pid: number, cpu: number): number {
    this.calls.push({ call: "perf_event_open", attr, args: [pid, cpu] });
    const refused = this.perfRefusal(attr, pid, cpu);
    if (refused > 0) return -refused;
    const fd = this.newFd("perf event");
    this.perfCpus.set(fd, cpu);
    return fd;
  }
  /** Makes perf_event_open fail for some. */
  perfRefusal: (attr: Attr, pid: number, cpu: number) => number = () => 0;

  ioctl(fd: number, request: number, argument: number): number {
    this.calls.push({ call: "ioctl", args: [fd, request, argument] });
    return this.open_.has(fd) ? 0 : -errno.EBADF;
  }

  mmap(fd: number, length: number, access: "read" | "read-write", offset: number): Mapping {
    const cpu = this.perfCpus.get(fd);
    const memory = cpu === undefined ? this.maps.get(fd)?.memory : this.perfMemory;
    if (memory === undefined) throw new SyscallError("mmap", errno.EBADF);
    this.calls.push({ call: `mmap ${access}`, args: [fd, length, offset] });
    const buffer = memory.get(cpu ?? offset) ?? new ArrayBuffer(length);
    memory.set(cpu ?? offset, buffer);
    const mapping: Mapping = new OwnedMapping(buffer, () => this.mappings.delete(mapping));
    this.mappings.add(mapping);
    return mapping;
  }

  open(path: string): number {
    return this.files.has(path) ? this.newFd(path) : -errno.ENOENT;
  }

  pidfdOpen(pid: number): number {
    return this.files.has(`/proc/${pid}`) ? this.newFd(`pidfd ${pid}`) : -errno.ESRCH;
  }

  close(fd: number): number {
    return this.open_.delete(fd) ? 0 : -errno.EBADF;
  }

  watch(): Watch {
    return { once: (ready) => void setImmediate(ready), [Symbol.dispose]: () => {} };
  }

  readText(path: string): string | undefined {
    return this.files.get(path);
  }

  setMemoryLock(limit: MemoryLock): number {
    this.calls.push({ call: "setMemoryLock", args: [Number(limit.soft)] });
    return this.memoryLockResult;
  }
  memoryLockResult = 0;

  private newFd(what: string): number {
    const fd = this.nextFd++;
    this.open_.set(fd, what);
    return fd;
  }

  private createMap(attr: Attr): number {
    const name = attr.read(MapCreate, "mapName");
    const fd = this.newFd(`map ${name}`);
    this.maps.set(fd, {
      fd,
      name,
      type: attr.read(MapCreate, "mapType"),
      keySize: attr.read(MapCreate, "keySize"),
      valueSize: attr.read(MapCreate, "valueSize"),
      maxEntries: attr.read(MapCreate, "maxEntries"),
      flags: attr.read(MapCreate, "mapFlags"),
      entries: new Map(),
      values: [],
      memory: new Map(),
    });
    return fd;
  }

  private pin(attr: Attr): number {
    this.pinned.set(hex(buffer(attr, ObjPin.offsets.pathname)), attr.read(ObjPin, "bpfFd"));
    return 0;
  }

  /** A map's first descriptor is also its id. */
  private openAgain(first: number | undefined): number {
    const map = first === undefined ? undefined : this.maps.get(first);
    if (map === undefined) return -errno.ENOENT;
    const fd = this.newFd(`map ${map.name}`);
    this.maps.set(fd, map);
    return fd;
  }

  private info(attr: Attr): number {
    const map = this.maps.get(attr.read(ObjInfo, "bpfFd"));
    if (map === undefined) return 0;
    const { fd: id, type, keySize, valueSize, maxEntries, flags: mapFlags, name } = map;
    const known = { type, id, keySize, valueSize, maxEntries, mapFlags, name };
    const blank = MapInfo.decode(new DataView(new ArrayBuffer(MapInfo.size)), 0);
    buffer(attr, ObjInfo.offsets.info).set(encoded(MapInfo, { ...blank, ...known }));
    return 0;
  }

  private mapCommand(command: number, attr: Attr): number {
    const isBatch = BATCHES.includes(command);
    const map = this.maps.get(isBatch ? attr.read(MapBatch, "mapFd") : attr.read(MapElem, "mapFd"));
    if (map === undefined) return -errno.EBADF;
    if (command === BpfCmd.BPF_MAP_UPDATE_BATCH) return updateBatch(map, attr);
    if (isBatch) return batch(map, attr, command === BpfCmd.BPF_MAP_LOOKUP_AND_DELETE_BATCH);
    return map.keySize === 0 ? onValues(map, command, attr) : onEntries(map, command, attr);
  }
}

function commandName(command: number): string {
  return Object.entries(BpfCmd).find(([, number]) => number === command)?.[0] ?? `command ${command}`;
}

function buffer(attr: Attr, at: number): Uint8Array {
  const found = attr.pointers.get(at);
  if (found === undefined) throw new Error(`no pointer at ${at}`);
  return found instanceof Attr ? found.bytes : found;
}

function onEntries(map: FakeMap, command: number, attr: Attr): number {
  const given = attr.pointers.has(MapElem.offsets.key) ? hex(buffer(attr, MapElem.offsets.key)) : undefined;
  if (command === BpfCmd.BPF_MAP_GET_NEXT_KEY) {
    const keys = [...map.entries.keys()];
    // A key that is not there any more: from the beginning again.
    const next = keys[given === undefined ? 0 : keys.indexOf(given) + 1];
    if (next === undefined) return -errno.ENOENT;
    buffer(attr, MapElem.offsets.value).set(Buffer.from(next, "hex"));
    return 0;
  }
  const key = given ?? "";
  const value = map.entries.get(key);
  if (command === BpfCmd.BPF_MAP_UPDATE_ELEM) {
    const mode = Number(attr.read(MapElem, "flags"));
    if (mode === MapUpdate.BPF_NOEXIST && value !== undefined) return -errno.EEXIST;
    if (mode === MapUpdate.BPF_EXIST && value === undefined) return -errno.ENOENT;
    if (value === undefined && map.entries.size >= map.maxEntries) return -errno.E2BIG;
    map.entries.set(key, buffer(attr, MapElem.offsets.value).slice());
    return 0;
  }
  if (value === undefined) return -errno.ENOENT;
  if (command !== BpfCmd.BPF_MAP_DELETE_ELEM) buffer(attr, MapElem.offsets.value).set(value);
  if (command !== BpfCmd.BPF_MAP_LOOKUP_ELEM) map.entries.delete(key);
  return 0;
}

function onValues(map: FakeMap, command: number, attr: Attr): number {
  const value = buffer(attr, MapElem.offsets.value);
  if (map.type === MapType.BPF_MAP_TYPE_BLOOM_FILTER) {
    if (command === BpfCmd.BPF_MAP_UPDATE_ELEM) map.entries.set(hex(value), value.slice());
    return map.entries.has(hex(value)) ? 0 : -errno.ENOENT;
  }
  const isStack = map.type === MapType.BPF_MAP_TYPE_STACK;
  if (command === BpfCmd.BPF_MAP_UPDATE_ELEM) {
    const replaces = Number(attr.read(MapElem, "flags")) === MapUpdate.BPF_EXIST;
    if (map.values.length >= map.maxEntries) {
      if (!replaces) return -errno.E2BIG;
      map.values.shift();
    }
    map.values.push(value.slice());
    return 0;
  }
  const next = isStack ? map.values.at(-1) : map.values[0];
  if (next === undefined) return -errno.ENOENT;
  value.set(next);
  if (command === BpfCmd.BPF_MAP_LOOKUP_AND_DELETE_ELEM)
    map.values.splice(isStack ? map.values.length - 1 : 0, 1);
  return 0;
}

/** The position of a batch is the number of entries that were given out; those removed leave no gap. */
function batch(map: FakeMap, attr: Attr, remove: boolean): number {
  const at = attr.pointers.get(MapBatch.offsets.inBatch);
  const start = at === undefined || remove ? 0 : new DataView((at as Uint8Array).buffer).getUint32(0, true);
  const room = attr.read(MapBatch, "count");
  const found = [...map.entries].slice(start, start + room);
  const keys = buffer(attr, MapBatch.offsets.keys);
  const values = buffer(attr, MapBatch.offsets.values);
  found.forEach(([key, value], i) => {
    keys.set(Buffer.from(key, "hex"), i * map.keySize);
    values.set(value, i * value.length);
    if (remove) map.entries.delete(key);
  });
  attr.write(MapBatch, "count", found.length);
  const end = start + found.length;
  new DataView(buffer(attr, MapBatch.offsets.outBatch).buffer).setUint32(0, end, true);
  return (remove ? map.entries.size === 0 : end >= map.entries.size) ? -errno.ENOENT : 0;
}

/** Stops at the first entry that finds no room, and says how many there were before it. */
function updateBatch(map: FakeMap, attr: Attr): number {
  const keys = buffer(attr, MapBatch.offsets.keys);
  const values = buffer(attr, MapBatch.offsets.values);
  const count = attr.read(MapBatch, "count");
  for (let i = 0; i < count; i++) {
    const key = hex(keys.subarray(i * map.keySize, (i + 1) * map.keySize));
    if (!map.entries.has(key) && map.entries.size >= map.maxEntries) {
      attr.write(MapBatch, "count", i);
      return -errno.E2BIG;
    }
    // A value takes what is left for it: on a per-CPU map more than its size.
    const size = values.length / (keys.length / map.keySize);
    map.entries.set(key, values.slice(i * size, (i + 1) * size));
  }
  return 0;
}

/** Facts of a machine with two CPUs and a recent kernel without BTF. */
export function fakeFacts(given: Partial<KernelFacts> = {}): KernelFacts {
  return {
    arch: "x64",
    release: "6.12.0",
    possibleCpus: 2,
    isAtLeast: (major, minor) => major < 6 || (major === 6 && minor <= 12),
    btf: () => undefined,
    pidNamespace: undefined,
    permissionHint: () => "run it as root",
    ...given,
  };
}

/** A kernel on a fake edge. */
export function fakeKernel(facts: Partial<KernelFacts> = {}): { kernel: Kernel; sys: FakeSyscalls } {
  const sys = new FakeSyscalls();
  return { kernel: new Kernel(sys, fakeFacts(facts)), sys };
}
