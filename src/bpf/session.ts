import type { MapRef } from "../asm/instruction";
import { MapFlag } from "../core/bpf-uapi";
import { Resources } from "../core/resources";
import { BloomFilter } from "./bloom-filter";
import type { Kernel } from "./kernel";
import type { Link } from "./link";
import { BpfMap } from "./map";
import { isPerCpu, type MapSpec, type RingSpec } from "./map-spec";
import { MappedArray } from "./mapped-array";
import { PerfBuffer } from "./perf-buffer";
import type { PerfBufferSpec } from "./perf-buffer-spec";
import type { Program } from "./program";
import type { ProbeSpec, ProgramSpec } from "./program-spec";
import { BpfQueue } from "./queue";
import type { BloomFilterSpec, QueueSpec } from "./queue-spec";
import { RingBuffer } from "./ring-buffer";

type Loaded =
  | BpfMap<never, unknown>
  | MappedArray<unknown>
  | RingBuffer<unknown>
  | PerfBuffer<unknown>
  | BpfQueue<unknown>
  | BloomFilter<unknown>;

/**
 * A probe in the kernel: its maps, its programs, and whether they are attached. Reading goes on after
 * `detach`, so that the final numbers agree with each other.
 */
export class Session implements Disposable {
  /** In the order they were loaded: that of the spec, then those added. */
  readonly programs: readonly Program[];
  /** Where the programs hang. */
  readonly links: readonly Link[];

  /** Links tell nothing once they are gone. */
  private missedAtEnd: number | undefined;

  private constructor(
    private readonly kernel: Kernel,
    private readonly loaded: ReadonlyMap<MapSpec, Loaded>,
    private readonly held: { readonly programs: Program[]; readonly links: Link[] },
    private readonly attached: Resources,
    private readonly owned: Resources,
  ) {
    this.programs = held.programs;
    this.links = held.links;
  }

  /** Creates the maps, loads the programs, prepares what user space must fill in, then attaches in order. */
  static open(kernel: Kernel, spec: ProbeSpec, prepare: (session: Session) => void = () => {}): Session {
    using setup = new Resources();
    const maps = new Map<MapSpec, Loaded>();
    for (const map of spec.maps) maps.set(map, setup.use(create(kernel, map)));
    const fdOf = descriptors(maps);
    const programs = spec.programs.map((each) => setup.use(kernel.load(each, fdOf)));
    const attached = setup.use(new Resources());
    const held = { programs, links: [] as Link[] };
    prepare(new Session(kernel, maps, held, attached, setup));
    spec.programs.forEach(({ hook }, i) => {
      held.links.push(attached.use(kernel.attach(programs[i] as Program, hook)));
    });
    return new Session(kernel, maps, held, attached, setup.move());
  }

  /**
   * Loads and attaches more programs, which use the maps there are. All of them or none: where the kernel refuses one,
   * that is thrown.
   */
  add(specs: readonly ProgramSpec[]): void {
    using loading = new Resources();
    const fdOf = descriptors(this.loaded);
    const programs = specs.map((each) => loading.use(this.kernel.load(each, fdOf)));
    using attaching = new Resources();
    const links = specs.map(({ hook }, i) => attaching.use(this.kernel.attach(programs[i] as Program, hook)));
    this.owned.use(loading.move());
    this.attached.use(attaching.move());
    this.held.programs.push(...programs);
    this.held.links.push(...links);
  }

  /** The entries of a hash or array map. */
  map<K, V>(spec: MapSpec<K, V>): BpfMap<K, V> {
    return this.of(spec, BpfMap) as BpfMap<K, V>;
  }

  /** The entries of a per-CPU map. */
  perCpuMap<K, V>(spec: MapSpec<K, V>): BpfMap<K, V[]> {
    return this.of(spec, BpfMap) as BpfMap<K, V[]>;
  }

  /** The memory of a mappable array. */
  mappedArray<V>(spec: MapSpec<number, V>): MappedArray<V> {
    return this.of(spec, MappedArray) as MappedArray<V>;
  }

  /** The reading end of a ring buffer. */
  ringBuffer<R>(spec: RingSpec<R>): RingBuffer<R> {
    return this.of(spec, RingBuffer) as RingBuffer<R>;
  }

  /** The reading end of a perf buffer. */
  perfBuffer<R>(spec: PerfBufferSpec<R>): PerfBuffer<R> {
    return this.of(spec, PerfBuffer) as PerfBuffer<R>;
  }

  queue<V>(spec: QueueSpec<V>): BpfQueue<V> {
    return this.of(spec, BpfQueue) as BpfQueue<V>;
  }

  bloomFilter<V>(spec: BloomFilterSpec<V>): BloomFilter<V> {
    return this.of(spec, BloomFilter) as BloomFilter<V>;
  }

  /** Takes the programs off their hooks, the last attached first; maps stay readable. */
  detach(): void {
    this.missedAtEnd ??= this.missedHits();
    this.attached[Symbol.dispose]();
  }

  /** Events that a program missed because it was running on that CPU already. */
  recursionMisses(): number {
    return this.programs.reduce((sum, program) => sum + program.info().recursionMisses, 0);
  }

  /** Calls and returns that reached no program, where the kernel tells: `Link.missedHits`. */
  missedHits(): number {
    return this.missedAtEnd ?? this.links.reduce((sum, link) => sum + link.missedHits(), 0);
  }

  [Symbol.dispose](): void {
    this.owned[Symbol.dispose]();
  }

  private of(spec: unknown, kind: new (...args: never[]) => unknown): unknown {
    const found = this.loaded.get(spec as MapSpec);
    if (!(found instanceof kind))
      throw new TypeError(`map "${(spec as MapSpec).name}": not a ${kind.name} of this probe`);
    return found;
  }
}

function descriptors(maps: ReadonlyMap<MapSpec, Loaded>): (map: MapRef) => number {
  return (map) => {
    const found = maps.get(map as MapSpec);
    if (found === undefined) throw new TypeError(`map "${(map as MapSpec).name}": not listed in the probe`);
    return found.number;
  };
}

function create(kernel: Kernel, spec: MapSpec): Loaded {
  if ((spec.flags & MapFlag.BPF_F_MMAPABLE) !== 0)
    return kernel.createMappedArray(spec as MapSpec<number, unknown>);
  if (spec.contents !== undefined)
    throw new TypeError(`map "${spec.name}": only a mappable array has contents`);
  if (isPerfBuffer(spec)) return kernel.createPerfBuffer(spec);
  if (isRing(spec)) return kernel.createRingBuffer(spec);
  if ("keyless" in spec)
    return spec.keyless === "queue"
      ? kernel.createQueue(spec as QueueSpec)
      : kernel.createBloomFilter(spec as BloomFilterSpec);
  return (isPerCpu(spec) ? kernel.createPerCpuMap(spec) : kernel.createMap(spec)) as Loaded;
}

function isPerfBuffer(spec: MapSpec): spec is PerfBufferSpec & MapSpec {
  return "bytesPerCpu" in spec;
}

function isRing(spec: MapSpec): spec is RingSpec {
  return "record" in spec;
}
