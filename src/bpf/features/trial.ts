/** Where probes try things: everything opened in a trial is closed with it. */
import { assemble, SLOT } from "../../asm/assemble";
import type { Block } from "../../asm/instruction";
import { BpfCmd } from "../../core/bpf-uapi";
import type { AnyCodec, StructCodec } from "../../core/codec";
import { Resources } from "../../core/resources";
import { Attr, type AttrValue } from "../../sys/attr";
import { PerfEventAttr, PerfFlag, PerfIoctl } from "../../sys/perf-event";
import type { Syscalls } from "../../sys/syscalls";
import { MapCreate, ProgLoad, RawTracepointOpen } from "../attr-layouts";
import type { KernelFacts } from "../facts";
import { type Outcome, outcomeOf } from "./outcome";

type FieldsOf<C> = C extends StructCodec<infer F> ? F : never;
type Values<C> = { readonly [K in keyof FieldsOf<C>]?: AttrValue | undefined };

/** Some helpers are for GPL-compatible programs only. */
const LICENSE = Buffer.from("Dual MIT/GPL\0");

/** What a probe needs to know about a program: its type, and where it would run. */
export interface TrialProgram {
  readonly type: number;
  readonly code: Block;
  readonly expectedAttachType?: number;
  readonly attachBtfId?: number;
}

/** An event to open: the fields of `struct perf_event_attr`, and whose it is. */
export interface TrialEvent {
  readonly attr: Values<typeof PerfEventAttr>;
  /** −1 is every process. */
  readonly pid: number;
  /** −1 is every processor. */
  readonly cpu: number;
}

/** Results are what the kernel answers: a descriptor or 0, or −errno. */
export class Trial implements Disposable {
  private readonly opened = new Resources();

  constructor(
    readonly sys: Syscalls,
    readonly facts: KernelFacts,
  ) {}

  /** A bpf(2) command. */
  bpf<F extends { readonly [K in keyof F]: AnyCodec }>(
    command: number,
    layout: StructCodec<F>,
    values: { readonly [K in keyof F]?: AttrValue | undefined },
  ): number {
    return this.sys.bpf(command, Attr.of(layout, values));
  }

  /** A bpf(2) command that returns a descriptor. */
  open<F extends { readonly [K in keyof F]: AnyCodec }>(
    command: number,
    layout: StructCodec<F>,
    values: { readonly [K in keyof F]?: AttrValue | undefined },
  ): number {
    return this.own(this.bpf(command, layout, values));
  }

  map(values: Values<typeof MapCreate>): number {
    return this.open(BpfCmd.BPF_MAP_CREATE, MapCreate, values);
  }

  program({ type, code, expectedAttachType, attachBtfId }: TrialProgram): number {
    const insns = assemble(code).bytes;
    return this.open(BpfCmd.BPF_PROG_LOAD, ProgLoad, {
      progType: type,
      insns,
      insnCnt: insns.length / SLOT,
      license: LICENSE,
      expectedAttachType,
      attachBtfId,
    });
  }

  /** Attaches to a raw tracepoint, or, without a name, to the place the program was loaded for. */
  rawTracepoint(program: number, name?: string): number {
    const values = { progFd: program, name: name === undefined ? undefined : cString(name) };
    return this.open(BpfCmd.BPF_RAW_TRACEPOINT_OPEN, RawTracepointOpen, values);
  }

  /** Opens an event that does not count until it is switched on. */
  perfEvent({ attr, pid, cpu }: TrialEvent): number {
    const flags = BigInt((attr.flags as bigint | undefined) ?? 0n) | PerfFlag.disabled;
    const block = Attr.of(PerfEventAttr, { ...attr, size: PerfEventAttr.size, flags });
    return this.own(this.sys.perfEventOpen(block, pid, cpu));
  }

  /** Opens a file or directory for reading. */
  file(path: string): number {
    return this.own(this.sys.open(path));
  }

  /** Attaches a program to an event, for as long as the event is open. */
  setBpf(event: number, program: number): Outcome {
    return outcomeOf("ioctl(PERF_EVENT_IOC_SET_BPF)", this.sys.ioctl(event, PerfIoctl.setBpf, program));
  }

  [Symbol.dispose](): void {
    this.opened[Symbol.dispose]();
  }

  private own(fd: number): number {
    if (fd >= 0) this.opened.defer(() => void this.sys.close(fd));
    return fd;
  }
}

/** The bytes of a C string. */
export function cString(text: string): Uint8Array {
  return Buffer.from(`${text}\0`);
}
