import { rsh } from "../asm/alu";
import { type Assembled, assemble } from "../asm/assemble";
import { helper } from "../asm/helper-ids";
import type { MapRef } from "../asm/instruction";
import { call, exit } from "../asm/jump";
import { r0 } from "../asm/register";
import { AttachType, BpfCmd, ProgType } from "../core/bpf-uapi";
import type { Codec } from "../core/codec";
import { errno } from "../core/errno";
import { NotSupportedError, PermissionError, SyscallError } from "../core/errors";
import { Attr } from "../sys/attr";
import type { Syscalls } from "../sys/syscalls";
import { MapCreate, RawTracepointOpen } from "./attr-layouts";
import type { KernelFacts } from "./facts";
import { Fd } from "./fd";
import { BpfMap, entryCodec } from "./map";
import { isPerCpu, type MapSpec } from "./map-spec";
import { MappedArray } from "./mapped-array";
import { loadProgram, Program } from "./program";
import type { Hook, ProgramSpec } from "./program-spec";

/** A program at its hook. */
export type Link = Disposable;

/** Turns blueprints into objects of the running kernel. Whoever gets one disposes it. */
export class Kernel {
  private memoryLockRaised = false;

  constructor(
    readonly sys: Syscalls,
    /** What is known of the machine. */
    readonly facts: KernelFacts,
  ) {}

  /**
   * Our own process id as the kernel numbers it. In a PID namespace only the kernel knows it: a program that
   * runs once in our name tells. Since Linux 5.10 there.
   */
  ownPid(): number {
    if (this.facts.pidNamespace === undefined) return process.pid;
    const hook = { kind: "raw-tracepoint", name: "sys_enter" } as const;
    const code = [call(helper.getCurrentPidTgid), rsh(r0, 32), exit()];
    using program = this.load({ name: "own_pid", hook, code }, () => -1);
    return program.testRun();
  }

  /** Creates a map whose entries have one value each. */
  createMap<K, V>(spec: MapSpec<K, V>): BpfMap<K, V> {
    if (isPerCpu(spec)) throw new TypeError(`map "${spec.name}": is per CPU, use createPerCpuMap`);
    return new BpfMap(this.sys, spec as MapSpec, spec.key, spec.value, this.newMapFd(spec as MapSpec));
  }

  /** Creates a map whose entries have one value per possible CPU. */
  createPerCpuMap<K, V>(spec: MapSpec<K, V>): BpfMap<K, V[]> {
    if (!isPerCpu(spec)) throw new TypeError(`map "${spec.name}": is not per CPU, use createMap`);
    const value = entryCodec(spec as MapSpec<unknown, V>, this.facts.possibleCpus) as Codec<V[]>;
    return new BpfMap(this.sys, spec as MapSpec, spec.key, value, this.newMapFd(spec as MapSpec));
  }

  /** Creates a mappable array and maps it. */
  createMappedArray<V>(spec: MapSpec<number, V>): MappedArray<V> {
    return new MappedArray(this.sys, spec, this.newMapFd(spec as MapSpec));
  }

  /** Loads a program. `fdOf` tells the descriptor of each map it names. */
  load(spec: ProgramSpec, fdOf: (map: MapRef) => number): Program {
    const program = assemble(spec.code);
    const fd = this.loadFd(spec, program, fdOf);
    return new Program(this.sys, spec.name, new Fd(this.sys, fd));
  }

  /** Attaches a program; disposing the result detaches it. */
  attach(program: Program, hook: Hook): Link {
    const isRaw = hook.kind === "raw-tracepoint";
    const name = isRaw ? Buffer.from(`${hook.name}\0`) : undefined;
    const attr = Attr.of(RawTracepointOpen, { name, progFd: program.number });
    const fd = this.sys.bpf(BpfCmd.BPF_RAW_TRACEPOINT_OPEN, attr);
    if (fd === -errno.ENOENT) throw new NotSupportedError(`tracepoint "${hook.name}": this kernel has none`);
    if (fd < 0) throw this.denied(`attach to raw tracepoint "${hook.name}"`, -fd);
    return new Fd(this.sys, fd);
  }

  private newMapFd(spec: MapSpec): Fd {
    const create = () =>
      this.sys.bpf(
        BpfCmd.BPF_MAP_CREATE,
        Attr.of(MapCreate, {
          mapType: spec.type,
          keySize: spec.key.size,
          valueSize: spec.value.size,
          maxEntries: spec.maxEntries,
          mapFlags: spec.flags,
          mapName: spec.name,
        }),
      );
    const fd = this.withMemoryLock(create);
    if (fd < 0) throw this.denied(`create map "${spec.name}"`, -fd);
    return new Fd(this.sys, fd);
  }

  private loadFd(spec: ProgramSpec, program: Assembled, fdOf: (map: MapRef) => number): number {
    const request = { name: spec.name, program, ...this.programType(spec.hook) };
    const attempt = (): number => {
      try {
        return loadProgram(this.sys, request, fdOf);
      } catch (error) {
        if (error instanceof SyscallError && error.errno === errno.EPERM) return -errno.EPERM;
        throw error;
      }
    };
    const fd = this.withMemoryLock(attempt);
    if (fd < 0) throw this.denied(`load program "${spec.name}"`, -fd);
    return fd;
  }

  private programType(hook: Hook) {
    if (hook.kind === "raw-tracepoint") return { type: ProgType.BPF_PROG_TYPE_RAW_TRACEPOINT };
    const target = this.facts.btf()?.rawTracepoint(hook.name);
    if (target === undefined)
      throw new NotSupportedError(`tracepoint "${hook.name}": not in this kernel's BTF`);
    return {
      type: ProgType.BPF_PROG_TYPE_TRACING,
      expectedAttachType: AttachType.BPF_TRACE_RAW_TP,
      attachBtfId: target.id,
    };
  }

  /**
   * Before Linux 5.11 maps and programs count against RLIMIT_MEMLOCK and fail with EPERM. The limit is
   * raised only then: later kernels ignore it, and raising it may itself be forbidden.
   */
  private withMemoryLock(operation: () => number): number {
    const result = operation();
    if (result !== -errno.EPERM || this.memoryLockRaised || this.facts.isAtLeast(5, 11)) return result;
    if (this.sys.setMemoryLock({ soft: -1n, hard: -1n }) < 0) return result;
    this.memoryLockRaised = true;
    return operation();
  }

  private denied(operation: string, code: number): Error {
    const cause = new SyscallError(operation, code);
    if (code !== errno.EPERM && code !== errno.EACCES) return cause;
    return new PermissionError(`${operation}: ${cause.code}`, { cause, hint: this.facts.permissionHint() });
  }
}
