import { type Assembled, SLOT } from "../asm/assemble";
import type { MapRef } from "../asm/instruction";
import { BpfCmd, TestRunFlag } from "../core/bpf-uapi";
import { errno } from "../core/errno";
import { NotSupportedError, SyscallError, VerifierError } from "../core/errors";
import { Attr } from "../sys/attr";
import type { Syscalls } from "../sys/syscalls";
import { FuncInfo, ObjInfo, ProgInfo, ProgLoad, TestRun } from "./attr-layouts";
import type { Fd } from "./fd";
import { pinObject } from "./pin";
import { labelAt, logLines, verdictOf } from "./verifier-log";

/** What the kernel is asked to load. */
export interface LoadRequest {
  readonly name: string;
  /** BPF_PROG_TYPE_* */
  readonly type: number;
  readonly expectedAttachType?: number;
  /** BTF id of what a BTF-attached program runs at. */
  readonly attachBtfId?: number;
  /** Descriptor of the module's BTF that the id is from; the kernel's own unless given. */
  readonly attachBtfObjFd?: number | undefined;
  /** Descriptor of the program's own BTF, and an array of `struct bpf_func_info`. */
  readonly functions?: { readonly btfFd: number; readonly info: Uint8Array } | undefined;
  /** Descriptors that instructions name by their place here. */
  readonly fdArray?: readonly number[] | undefined;
  /** "Dual MIT/GPL" unless given. */
  readonly license?: string | undefined;
  readonly program: Assembled;
}

/** Many helpers are for GPL-compatible programs only; bpfkit is MIT, its programs are offered under both. */
const LICENSE = "Dual MIT/GPL";

const LOG_FIRST = 64 * 1024;
/** The kernel's limit on old versions is 16 MiB − 1 (UINT_MAX >> 8). */
const LOG_LIMIT = 16 * 1024 * 1024 - 1;

/** The verifier gives up with EAGAIN when a signal comes, as those do by which Node profiles itself. */
const INTERRUPTED_ATTEMPTS = 20;

/** What the kernel tells of a loaded program. */
export interface ProgramInfo {
  readonly id: number;
  readonly name: string;
  /** Runs and nanoseconds spent in them, counted while kernel.bpf_stats_enabled is on. */
  readonly runCount: number;
  readonly runTimeNs: number;
  /** Runs skipped because the program was active on that CPU. Zero before Linux 5.12. */
  readonly recursionMisses: number;
}

/** What a test run gives a program. */
export interface TestInput {
  /** A packet, for programs that see packets: 14 bytes at least. */
  readonly data?: Uint8Array;
  /** The context of programs that have another: the arguments of a raw tracepoint, for example. */
  readonly context?: Uint8Array;
  /** Where to run a raw tracepoint's program: this CPU instead of any. */
  readonly cpu?: number;
}

/** What a test run gave. */
export interface TestResult {
  /** r0, cut to 32 bits. */
  readonly result: number;
  /** Mean time of a run, where the type of program is timed. */
  readonly durationNs: number;
  /** The packet after the last run. */
  readonly data: Uint8Array;
}

/** A loaded program. */
export class Program implements Disposable {
  constructor(
    private readonly sys: Syscalls,
    readonly name: string,
    private readonly fd: Fd,
  ) {}

  /** Its file descriptor. */
  get number(): number {
    return this.fd.number;
  }

  info(): ProgramInfo {
    const info = new Uint8Array(ProgInfo.size);
    const attr = Attr.of(ObjInfo, { bpfFd: this.fd.number, infoLen: info.length, info });
    const result = this.sys.bpf(BpfCmd.BPF_OBJ_GET_INFO_BY_FD, attr);
    if (result < 0) throw new SyscallError(`program "${this.name}" info`, -result);
    const found = ProgInfo.decode(new DataView(info.buffer), 0);
    return {
      id: found.id,
      name: found.name,
      runCount: Number(found.runCnt),
      runTimeNs: Number(found.runTimeNs),
      recursionMisses: Number(found.recursionMisses),
    };
  }

  /**
   * Runs it once, here and now, and returns r0, cut to 32 bits: BPF_PROG_TEST_RUN. For socket filters and cgroup-skb
   * since Linux 4.12, raw tracepoints since 5.10.
   */
  testRun(input: TestInput = {}): number {
    return this.testRuns(input).result;
  }

  /** Runs it as often as `repeat` says, and tells more than the result. */
  testRuns(input: TestInput & { readonly repeat?: number } = {}): TestResult {
    const data = new Uint8Array(input.data?.length ?? 0);
    const { cpu, repeat } = input;
    const attr = Attr.of(TestRun, {
      progFd: this.fd.number,
      dataIn: input.data,
      dataSizeIn: input.data?.length,
      dataOut: data.length === 0 ? undefined : data,
      dataSizeOut: data.length,
      ctxIn: input.context,
      ctxSizeIn: input.context?.length,
      repeat,
      ...(cpu === undefined ? {} : { cpu, flags: TestRunFlag.BPF_F_TEST_RUN_ON_CPU }),
    });
    const result = this.sys.bpf(BpfCmd.BPF_PROG_TEST_RUN, attr);
    if (result === -errno.ENOTSUPP || result === -errno.EOPNOTSUPP)
      throw new NotSupportedError(`program "${this.name}" test run: not possible with programs of this type`);
    // ENOSPC: the program made its packet longer than there is room for what comes out.
    if (result < 0 && result !== -errno.ENOSPC)
      throw new SyscallError(`program "${this.name}" test run`, -result);
    return {
      result: attr.read(TestRun, "retval"),
      durationNs: attr.read(TestRun, "duration"),
      data: data.subarray(0, Math.min(data.length, attr.read(TestRun, "dataSizeOut"))),
    };
  }

  /** Keeps the program alive under a path in a mounted bpffs, until that file is removed. */
  pin(path: string): void {
    pinObject(this.sys, `program "${this.name}"`, this.fd.number, path);
  }

  [Symbol.dispose](): void {
    this.fd[Symbol.dispose]();
  }
}

/** The program's bytes with the descriptors of its maps put in. */
function withDescriptors(program: Assembled, fdOf: (map: MapRef) => number): Uint8Array {
  const code = program.bytes.slice();
  const view = new DataView(code.buffer);
  for (const { slot, map } of program.maps) view.setInt32(slot * SLOT + 4, fdOf(map), true);
  return code;
}

/**
 * Loads a program and returns its descriptor, or throws. The first attempt asks for no log, which costs
 * the kernel time; a rejected program is submitted again to get one, in a buffer that grows as needed.
 */
export function loadProgram(sys: Syscalls, request: LoadRequest, fdOf: (map: MapRef) => number): number {
  const insns = withDescriptors(request.program, fdOf);
  const { functions, fdArray } = request;
  const attempt = (log?: Uint8Array): number =>
    sys.bpf(
      BpfCmd.BPF_PROG_LOAD,
      Attr.of(ProgLoad, {
        progType: request.type,
        insnCnt: insns.length / SLOT,
        insns,
        license: Buffer.from(`${request.license ?? LICENSE}\0`),
        progName: request.name,
        expectedAttachType: request.expectedAttachType,
        attachBtfId: request.attachBtfId,
        attachBtfObjFd: request.attachBtfObjFd,
        progBtfFd: functions?.btfFd,
        funcInfo: functions?.info,
        funcInfoRecSize: functions && FuncInfo.size,
        funcInfoCnt: functions && functions.info.length / FuncInfo.size,
        fdArray: fdArray && new Uint8Array(Int32Array.from(fdArray).buffer),
        ...(log === undefined ? {} : { logLevel: 1, logBuf: log, logSize: log.length }),
      }),
    );
  let first = attempt();
  for (let more = INTERRUPTED_ATTEMPTS; first === -errno.EAGAIN && more > 0; more--) first = attempt();
  if (first >= 0) return first;
  let log = new Uint8Array(LOG_FIRST);
  let second = attempt(log);
  while (second === -errno.ENOSPC && log.length < LOG_LIMIT) {
    log = new Uint8Array(Math.min(4 * log.length, LOG_LIMIT));
    second = attempt(log);
  }
  if (second >= 0) return second; // the reason was a passing one
  throw explain(request, -first, logLines(log));
}

function explain(request: LoadRequest, code: number, log: readonly string[]): Error {
  const failure = new SyscallError("bpf(BPF_PROG_LOAD)", code);
  const operation = `load program "${request.name}"`;
  // Interrupted to the last: what the log ends with is no reason.
  if (log.length === 0 || code === errno.EAGAIN) return new SyscallError(operation, code, { cause: failure });
  const { reason, slot } = verdictOf(log);
  const label = slot === undefined ? undefined : labelAt(request.program, slot);
  const line = slot === undefined ? undefined : lineOf(request.program.at(slot)?.origin ?? []);
  const where = [label === undefined ? undefined : `under label "${label}"`, line].filter(Boolean).join(", ");
  return new VerifierError(
    `${operation}: ${failure.code}: ${reason}${where === "" ? "" : ` (${where})`}`,
    log,
    { cause: failure },
  );
}

/** The source line that asked for an instruction: where a macro wrote it, the line that used the macro. */
function lineOf(origin: readonly string[]): string | undefined {
  return origin.find((line) => !line.includes("/asm/macros/")) ?? origin[0];
}
