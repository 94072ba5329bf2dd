import { MapFlag } from "../core/bpf-uapi";
import { Resources } from "../core/resources";
import type { Kernel, Link } from "./kernel";
import { BpfMap } from "./map";
import { isPerCpu, type MapSpec } from "./map-spec";
import { MappedArray } from "./mapped-array";
import type { Program } from "./program";
import type { ProbeSpec } from "./program-spec";

type Loaded = BpfMap<never, unknown> | MappedArray<unknown>;

/**
 * A probe in the kernel: its maps, its programs, and whether they are attached. Reading goes on after
 * `detach`, so that the final numbers agree with each other.
 */
export class Session implements Disposable {
  private constructor(
    private readonly loaded: ReadonlyMap<MapSpec, Loaded>,
    /** In the order of the spec. */
    readonly programs: readonly Program[],
    private readonly links: Resources,
    private readonly owned: Resources,
  ) {}

  /** Creates the maps, loads the programs, prepares what user space must fill in, then attaches in order. */
  static open(kernel: Kernel, spec: ProbeSpec, prepare: (session: Session) => void = () => {}): Session {
    using setup = new Resources();
    const maps = new Map<MapSpec, Loaded>();
    for (const map of spec.maps) maps.set(map, setup.use(create(kernel, map)));
    const fdOf = (map: unknown): number => {
      const found = maps.get(map as MapSpec);
      if (found === undefined) throw new TypeError(`map "${(map as MapSpec).name}": not listed in the probe`);
      return found.number;
    };
    const programs = spec.programs.map((program) => setup.use(kernel.load(program, fdOf)));
    const links = setup.use(new Resources());
    const session = new Session(maps, programs, links, setup);
    prepare(session);
    spec.programs.forEach(({ hook }, i) => {
      links.use<Link>(kernel.attach(programs[i] as Program, hook));
    });
    return new Session(maps, programs, links, setup.move());
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

  /** Takes the programs off their hooks, the last attached first; maps stay readable. */
  detach(): void {
    this.links[Symbol.dispose]();
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
  return (isPerCpu(spec) ? kernel.createPerCpuMap(spec) : kernel.createMap(spec)) as Loaded;
}
