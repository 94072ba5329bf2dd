import { type Assembled, SLOT } from "../asm/assemble";
import type { MapRef } from "../asm/instruction";
import { BpfCmd } from "../core/bpf-uapi";
import { errno } from "../core/errno";
import { SyscallError, VerifierError } from "../core/errors";
import { Attr } from "../sys/attr";
import type { Syscalls } from "../sys/syscalls";
import { ObjInfo, ProgInfo, ProgLoad, TestRun } from "./attr-layouts";
import type { Fd } from "./fd";
import { labelAt, logLines, verdictOf } from "./verifier-log";

/** What the kernel is asked to load. */
export interface LoadRequest {
  readonly name: string;
  /** BPF_PROG_TYPE_* */
  readonly type: number;
  readonly expectedAttachType?: number;
  /** BTF id of what a BTF-attached program runs at. */
  readonly attachBtfId?: number;
  readonly program: Assembled;
}

/** Many helpers are for GPL-compatible programs only; bpfkit is MIT, its programs are offered under both. */
const LICENSE = Buffer.from("Dual MIT/GPL\0");

const LOG_FIRST = 64 * 1024;
/** The kernel's limit on old versions is 16 MiB − 1 (UINT_MAX >> 8). */
const LOG_LIMIT = 16 * 1024 * 1024 - 1;

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
   * Runs it once, here and now: BPF_PROG_TEST_RUN. `data` is a packet for network programs, `context` the
   * context of others. Returns r0, cut to 32 bits. Raw tracepoint programs since Linux 5.10.
   */
  testRun(input: { readonly data?: Uint8Array; readonly context?: Uint8Array } = {}): number {
    const attr = Attr.of(TestRun, {
      progFd: this.fd.number,
      dataIn: input.data,
      dataSizeIn: input.data?.length,
      ctxIn: input.context,
      ctxSizeIn: input.context?.length,
    });
    const result = this.sys.bpf(BpfCmd.BPF_PROG_TEST_RUN, attr);
    if (result < 0) throw new SyscallError(`program "${this.name}" test run`, -result);
    return attr.read(TestRun, "retval");
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
  const attempt = (log?: Uint8Array): number =>
    sys.bpf(
      BpfCmd.BPF_PROG_LOAD,
      Attr.of(ProgLoad, {
        progType: request.type,
        insnCnt: insns.length / SLOT,
        insns,
        license: LICENSE,
        progName: request.name,
        expectedAttachType: request.expectedAttachType,
        attachBtfId: request.attachBtfId,
        ...(log === undefined ? {} : { logLevel: 1, logBuf: log, logSize: log.length }),
      }),
    );
  const first = attempt();
  if (first >= 0) return first;
  let log = new Uint8Array(LOG_FIRST);
  let second = attempt(log);
  while (second === -errno.ENOSPC && log.length < LOG_LIMIT) {
    log = new Uint8Array(Math.min(4 * log.length, LOG_LIMIT));
    second = attempt(log);
  }
  if (second >= 0) return second; // the reason was a passing one, such as EAGAIN
  throw explain(request, -first, logLines(log));
}

function explain(request: LoadRequest, code: number, log: readonly string[]): Error {
  const failure = new SyscallError("bpf(BPF_PROG_LOAD)", code);
  const operation = `load program "${request.name}"`;
  if (log.length === 0) return new SyscallError(operation, code, { cause: failure });
  const { reason, slot } = verdictOf(log);
  const label = slot === undefined ? undefined : labelAt(request.program, slot);
  const line = slot === undefined ? undefined : request.program.at(slot)?.origin[0];
  const where = [label === undefined ? undefined : `under label "${label}"`, line].filter(Boolean).join(", ");
  return new VerifierError(
    `${operation}: ${failure.code}: ${reason}${where === "" ? "" : ` (${where})`}`,
    log,
    { cause: failure, hint: `the verifier's log has ${log.length} lines: -vv shows it` },
  );
}
