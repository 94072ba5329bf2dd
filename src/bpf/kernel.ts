import { mov, rsh } from "../asm/alu";
import { assemble } from "../asm/assemble";
import { helper } from "../asm/helper-ids";
import type { Block, MapRef } from "../asm/instruction";
import { call, exit } from "../asm/jump";
import { r0 } from "../asm/register";
import { BpfCmd, StatsType } from "../core/bpf-uapi";
import type { Codec } from "../core/codec";
import { errno } from "../core/errno";
import { NotSupportedError, SyscallError, UsageError } from "../core/errors";
import { Resources } from "../core/resources";
import { Attr } from "../sys/attr";
import type { Syscalls } from "../sys/syscalls";
import { Access } from "./access";
import { EnableStats } from "./attr-layouts";
import { BloomFilter } from "./bloom-filter";
import { loadBtf, openModuleBtf } from "./btf-object";
import type { KernelFacts } from "./facts";
import { Fd } from "./fd";
import { kindOf } from "./hooks";
import type { Link } from "./link";
import { BpfMap } from "./map";
import { checkObjectName, createMapFd, type MapSource, openMapFd } from "./map-create";
import { isPerCpu, type MapSpec, type RingSpec } from "./map-spec";
import { MappedArray } from "./mapped-array";
import { MappingEvents } from "./mapping-events";
import { entryCodec } from "./per-cpu-value";
import { PerfBuffer } from "./perf-buffer";
import type { PerfBufferSpec } from "./perf-buffer-spec";
import { type LoadRequest, loadProgram, Program } from "./program";
import { btfForProgram } from "./program-btf";
import type { Hook, ProgramSpec } from "./program-spec";
import { BpfQueue } from "./queue";
import type { BloomFilterSpec, QueueSpec } from "./queue-spec";
import { RingBuffer } from "./ring-buffer";

export type { Link } from "./link";

const noMaps = (): number => -1;

/** Turns blueprints into objects of the running kernel. Whoever gets one disposes it. */
export class Kernel {
  private readonly access: Access;

  constructor(
    readonly sys: Syscalls,
    /** What is known of the machine. */
    readonly facts: KernelFacts,
  ) {
    this.access = new Access(sys, facts);
  }

  /**
   * Our own process id as the kernel numbers it. In a PID namespace only the kernel knows it: a program that
   * runs once in our name tells. Since Linux 5.10 there.
   */
  ownPid(): number {
    if (this.facts.pidNamespace === undefined) return process.pid;
    using program = this.loadPlain("own_pid", [call(helper.getCurrentPidTgid), rsh(r0, 32), exit()]);
    return program.testRun();
  }

  /** Creates a map whose entries have one value each. */
  createMap<K, V>(spec: MapSpec<K, V>): BpfMap<K, V> {
    if (isPerCpu(spec)) throw new TypeError(`map "${spec.name}": is per CPU, use createPerCpuMap`);
    return this.singleValued(spec, createMapFd(this.access, spec as MapSpec));
  }

  /** Creates a map whose entries have one value per possible CPU. */
  createPerCpuMap<K, V>(spec: MapSpec<K, V>): BpfMap<K, V[]> {
    if (!isPerCpu(spec)) throw new TypeError(`map "${spec.name}": is not per CPU, use createMap`);
    return this.perCpu(spec, createMapFd(this.access, spec as MapSpec));
  }

  /** Creates a mappable array and maps it. */
  createMappedArray<V>(spec: MapSpec<number, V>): MappedArray<V> {
    using opened = new Resources();
    const fd = opened.use(createMapFd(this.access, spec as MapSpec));
    const array = new MappedArray(this.sys, spec, fd);
    opened.move();
    return array;
  }

  /** Creates a queue or a stack. */
  createQueue<V>(spec: QueueSpec<V>): BpfQueue<V> {
    return new BpfQueue(this.sys, spec, createMapFd(this.access, spec as MapSpec));
  }

  /** Creates a bloom filter. Since Linux 5.16. */
  createBloomFilter<V>(spec: BloomFilterSpec<V>): BloomFilter<V> {
    return new BloomFilter(this.sys, spec, createMapFd(this.access, spec as MapSpec));
  }

  /** Creates a ring buffer and maps it. Since Linux 5.8. */
  createRingBuffer<R>(spec: RingSpec<R>): RingBuffer<R> {
    this.checkRingSize(spec, spec.maxEntries, "a ring buffer's size");
    return this.ringBuffer(spec, createMapFd(this.access, spec));
  }

  /** Creates a perf buffer and maps its rings, one for each CPU that is online. Since Linux 4.4. */
  createPerfBuffer<R>(spec: PerfBufferSpec<R>): PerfBuffer<R> {
    this.checkRingSize(spec, spec.bytesPerCpu, "the size of a perf buffer's rings");
    const map = this.createMap({ ...spec, maxEntries: this.facts.possibleCpus });
    return new PerfBuffer(this.access, spec, map);
  }

  /** Watches what processes map from now on. Since Linux 3.16. Throws a PermissionError without CAP_PERFMON. */
  watchMappings(): MappingEvents {
    return new MappingEvents(this.access);
  }

  /** Opens a map that exists: pinned, or by id. Throws a UsageError unless it is as the blueprint says. */
  openMap<K, V>(spec: MapSpec<K, V>, source: MapSource): BpfMap<K, V> {
    if (isPerCpu(spec)) throw new TypeError(`map "${spec.name}": is per CPU, use openPerCpuMap`);
    return this.singleValued(spec, openMapFd(this.access, spec as MapSpec, source));
  }

  /** Like `openMap`, for maps with one value per possible CPU. */
  openPerCpuMap<K, V>(spec: MapSpec<K, V>, source: MapSource): BpfMap<K, V[]> {
    if (!isPerCpu(spec)) throw new TypeError(`map "${spec.name}": is not per CPU, use openMap`);
    return this.perCpu(spec, openMapFd(this.access, spec as MapSpec, source));
  }

  /** Opens and maps a mappable array that exists: several threads or processes may share one. */
  openMappedArray<V>(spec: MapSpec<number, V>, source: MapSource): MappedArray<V> {
    using opened = new Resources();
    const fd = opened.use(openMapFd(this.access, spec as MapSpec, source));
    const { contents: _begun, ...existing } = spec;
    const array = new MappedArray(this.sys, existing, fd);
    opened.move();
    return array;
  }

  /** Opens a queue or a stack that exists. */
  openQueue<V>(spec: QueueSpec<V>, source: MapSource): BpfQueue<V> {
    return new BpfQueue(this.sys, spec, openMapFd(this.access, spec as MapSpec, source));
  }

  /** Opens a bloom filter that exists. */
  openBloomFilter<V>(spec: BloomFilterSpec<V>, source: MapSource): BloomFilter<V> {
    return new BloomFilter(this.sys, spec, openMapFd(this.access, spec as MapSpec, source));
  }

  /** Opens and maps a ring buffer that exists, and reads on where the reader before stopped: there may be one at a time. */
  openRingBuffer<R>(spec: RingSpec<R>, source: MapSource): RingBuffer<R> {
    return this.ringBuffer(spec, openMapFd(this.access, spec, source));
  }

  /** A pidfd, which task storage takes as its key. Since Linux 5.3. */
  openProcess(pid: number): Fd {
    const fd = this.sys.pidfdOpen(pid);
    if (fd === -errno.ESRCH) throw new UsageError(`process ${pid}: there is none`);
    if (fd < 0) throw new SyscallError(`open process ${pid}`, -fd);
    return new Fd(this.sys, fd, `process ${pid}`);
  }

  /** Loads a program. `fdOf` tells the descriptor of each map it names. */
  load(spec: ProgramSpec, fdOf: (map: MapRef) => number): Program {
    checkObjectName("program", spec.name);
    const kind = kindOf(spec.hook);
    const { attachModule, ...type } = kind.programType(spec.hook, this.access);
    const program = assemble(spec.code);
    using needed = new Resources();
    const moduleFd = (module: string) => needed.use(openModuleBtf(this.access, module)).number;
    const { name, license } = spec;
    const btf = btfForProgram(name, program);
    const request = {
      ...{ name, program, license, ...type },
      attachBtfObjFd: attachModule === undefined ? undefined : moduleFd(attachModule),
      functions: btf && { btfFd: needed.use(loadBtf(this.access, btf.bytes)).number, info: btf.functionInfo },
      fdArray: spec.fdArray?.map((each) => ("module" in each ? moduleFd(each.module) : fdOf(each))),
    };
    const fd = this.tryLoad(request, fdOf);
    if (fd >= 0) return new Program(this.sys, name, new Fd(this.sys, fd, `program "${name}"`));
    const special = kind.loadRefused?.(spec.hook, -fd);
    if (special !== undefined && this.loadsOthers()) throw special;
    // An older kernel finds settings that it does not know, and has the same word for a program that is too long.
    if (-fd === errno.E2BIG && spec.fdArray !== undefined && !this.facts.isAtLeast(5, 14))
      throw new NotSupportedError(
        `load program "${name}": naming maps and modules by their place needs Linux 5.14, this is ${this.facts.release}`,
        { hint: `name maps themselves, with "loadMap" and "loadMapValue"` },
      );
    throw this.access.refusal(`load program "${name}"`, -fd);
  }

  /** Attaches a program; disposing the result detaches it. */
  attach(program: Program, hook: Hook): Link {
    return kindOf(hook).attach(hook, program, this.access);
  }

  /**
   * Makes the kernel count runs of programs and the time they take, until disposed: `Program.info` shows them. Costs
   * every program of the machine some nanoseconds a run. Since Linux 5.8.
   */
  enableStats(): Disposable {
    const type = StatsType.BPF_STATS_RUN_TIME;
    const fd = this.sys.bpf(BpfCmd.BPF_ENABLE_STATS, Attr.of(EnableStats, { type }));
    if (fd < 0) throw this.access.refusal("enable program statistics", -fd);
    return new Fd(this.sys, fd, "program statistics");
  }

  private checkRingSize({ name }: { readonly name: string }, size: number, what: string): void {
    const { pageSize } = this.sys;
    if (size < pageSize || !Number.isInteger(Math.log2(size)))
      throw new UsageError(
        `map "${name}": ${size} bytes; ${what} is a power of two of at least a page, ${pageSize}`,
      );
  }

  private ringBuffer<R>(spec: RingSpec<R>, fd: Fd): RingBuffer<R> {
    using opened = new Resources();
    opened.use(fd);
    const ring = new RingBuffer(this.sys, spec, fd);
    opened.move();
    return ring;
  }

  private singleValued<K, V>(spec: MapSpec<K, V>, fd: Fd): BpfMap<K, V> {
    return new BpfMap(this.sys, spec as MapSpec, spec.key, spec.value, fd);
  }

  private perCpu<K, V>(spec: MapSpec<K, V>, fd: Fd): BpfMap<K, V[]> {
    const value = entryCodec(spec as MapSpec<unknown, V>, this.facts.possibleCpus) as Codec<V[]>;
    return new BpfMap(this.sys, spec as MapSpec, spec.key, value, fd);
  }

  /** The descriptor, or −errno where the refusal has nothing to do with the program's code. */
  private tryLoad(request: LoadRequest, fdOf: (map: MapRef) => number): number {
    return this.access.withMemoryLock(() => {
      try {
        return loadProgram(this.sys, request, fdOf);
      } catch (error) {
        if (error instanceof SyscallError) return -error.errno;
        throw error;
      }
    });
  }

  private loadPlain(name: string, code: Block): Program {
    return this.load({ name, hook: { kind: "raw-tracepoint", name: "sys_enter" }, code }, noMaps);
  }

  /** Whether we may load programs at all: asked only to explain a refusal. */
  private loadsOthers(): boolean {
    try {
      this.loadPlain("rights", [mov(r0, 0), exit()])[Symbol.dispose]();
      return true;
    } catch {
      return false;
    }
  }
}
