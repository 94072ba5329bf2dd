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
import type { Hook, ProbeSpec } from "./program-spec";
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
  private constructor(
    private readonly loaded: ReadonlyMap<MapSpec, Loaded>,
    /** In the order of the spec. */
    readonly programs: readonly Program[],
    private readonly attached: Resources,
    /** Where the programs hang, in the order of the spec. */
    readonly links: readonly Link[],
    private readonly owned: Resources,
  ) {}

  /**
   * Creates the maps, loads the programs, prepares what user space must fill in, then attaches in order. Where the
   * kernel refuses a program or its place, that is thrown, unless `goesOn` says that the probe does without it.
   */
  static open(
    kernel: Kernel,
    spec: ProbeSpec,
    prepare: (session: Session) => void = () => {},
    goesOn: (hook: Hook, error: unknown) => boolean = () => false,
  ): Session {
    using setup = new Resources();
    const maps = new Map<MapSpec, Loaded>();
    for (const map of spec.maps) maps.set(map, setup.use(create(kernel, map)));
    const fdOf = (map: unknown): number => {
      const found = maps.get(map as MapSpec);
      if (found === undefined) throw new TypeError(`map "${(map as MapSpec).name}": not listed in the probe`);
      return found.number;
    };
    const attempt = <T extends Disposable>(owner: Resources, hook: Hook, make: () => T): T | undefined => {
      try {
        return owner.use(make());
      } catch (error) {
        if (goesOn(hook, error)) return undefined;
        throw error;
      }
    };
    const loaded = spec.programs.map((each) => attempt(setup, each.hook, () => kernel.load(each, fdOf)));
    const programs = loaded.filter((program) => program !== undefined);
    const attached = setup.use(new Resources());
    const links: Link[] = [];
    prepare(new Session(maps, programs, attached, links, setup));
    spec.programs.forEach(({ hook }, i) => {
      const program = loaded[i];
      const link =
        program === undefined ? undefined : attempt(attached, hook, () => kernel.attach(program, hook));
      if (link !== undefined) links.push(link);
    });
    return new Session(maps, programs, attached, links, setup.move());
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
    this.attached[Symbol.dispose]();
  }

  /** Events that a program missed because it was running on that CPU already. */
  recursionMisses(): number {
    return this.programs.reduce((sum, program) => sum + program.info().recursionMisses, 0);
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
