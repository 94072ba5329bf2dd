/** From the addresses of processes to frames, each address once. */
import type { Frame, Module } from "../../output/stacks/profile";
import type { JitCode } from "../../symbols/jit-code";
import type { MappingHistory } from "../../symbols/mapping-history";
import type { ExecutableMapping } from "../../symbols/process-maps";
import type { Unnamed } from "../../symbols/unnamed";
import { UnwindInfos } from "../../symbols/unwind/process-code";
import type { UnwindProcess } from "../../symbols/unwind/unwinder";
import { type MappedModule, type ProcessSymbols, UserSymbols } from "../../symbols/user-symbols";

/** A frame without a name, and why it has none. */
export interface UnnamedFrame {
  /** The file, or "" where nothing is mapped. */
  readonly module: string;
  readonly reason: Unnamed;
}

interface Known {
  readonly symbols: ProcessSymbols;
  readonly code: UnwindProcess;
  /** The names under which it was met: an execve gives it another one. */
  readonly comms: Set<string>;
  readonly frames: Map<bigint, Frame>;
  /** The number of what it had mapped when it was looked at, if it was told. */
  space: bigint;
  /** When its maps are worth another look, as `Date.now()`, and how long to wait after that. */
  lookAt: number;
  delayMs: number;
}

/** A process maps its libraries after its execve, and others as it goes: so it is looked at again, ever more seldom. */
const FIRST_DELAY_MS = 2;

export class UserNames implements Disposable {
  private readonly symbols: UserSymbols;
  private readonly unwindInfos = new UnwindInfos();
  private readonly processes = new Map<number, Known>();
  private readonly modules = new Map<ExecutableMapping, Module>();
  private readonly unnamed = new Map<Frame, UnnamedFrame>();

  /** `demangle` makes names of C++ and Rust readable; `history` knows processes that have ended, and is taken over. */
  constructor(
    demangle: (name: string) => string,
    private readonly history?: MappingHistory,
  ) {
    this.symbols = new UserSymbols({ demangle, history });
  }

  /**
   * Takes in what processes have mapped: often enough, or some of it is lost. Those whose stacks are unwound are looked at
   * again: what was at an address may be something else now.
   */
  catchUp(): void {
    this.history?.catchUp();
    for (const pid of this.history?.takeMapped() ?? []) {
      const known = this.processes.get(pid);
      if (known !== undefined && known.space !== 0n) known.symbols.refresh();
    }
  }

  /** How much of the room for that is taken, from 0 to 1. */
  get filled(): number {
    return this.history?.filled ?? 0;
  }

  /** How often that was not learnt for want of room. */
  get missed(): number {
    return this.history?.lost ?? 0;
  }

  /** Reads what takes its time, before names are asked for. */
  unpack(): Promise<void> {
    return this.symbols.unpack();
  }

  /** Looks at a process while it lives, and again when it has become another program or may have mapped more. */
  meet(pid: number, comm: string): void {
    this.met(pid, comm);
  }

  /** The frame at an address. A caller's is where its call returns to, which may be behind the end of the function. */
  frame(pid: number, comm: string, address: bigint, isCaller: boolean): Frame {
    const known = this.processes.get(pid) ?? this.add(pid, comm);
    const at = isCaller ? address - 1n : address;
    let frame = known.frames.get(at);
    if (frame === undefined) {
      frame = this.named(known.symbols, at, address);
      known.frames.set(at, frame);
    }
    return frame;
  }

  /** The code of a process, for unwinding; looks at it as `meet` does, and when `space` is another number than before. */
  code(pid: number, comm: string, space: bigint): UnwindProcess {
    const known = this.met(pid, comm);
    if (space !== 0n && space !== known.space) {
      if (known.space !== 0n) known.symbols.refresh();
      known.space = space;
    }
    return known.code;
  }

  /** Why a frame has no name; undefined for those that have one. */
  whyUnnamed(frame: Frame): UnnamedFrame | undefined {
    return this.unnamed.get(frame);
  }

  [Symbol.dispose](): void {
    this.symbols[Symbol.dispose]();
    this.history?.[Symbol.dispose]();
  }

  private met(pid: number, comm: string): Known {
    const known = this.processes.get(pid);
    if (known === undefined) return this.add(pid, comm);
    if (!known.comms.has(comm)) {
      known.comms.add(comm);
      known.delayMs = FIRST_DELAY_MS;
      // What was at an address may be something else now.
      known.frames.clear();
    } else if (Date.now() < known.lookAt) return known;
    known.symbols.refresh();
    known.lookAt = Date.now() + known.delayMs;
    known.delayMs *= 2;
    return known;
  }

  private add(pid: number, comm: string): Known {
    const symbols = this.symbols.process(pid);
    const known: Known = {
      symbols,
      code: this.unwindInfos.of(symbols),
      comms: new Set([comm]),
      frames: new Map(),
      space: 0n,
      lookAt: 0,
      delayMs: FIRST_DELAY_MS,
    };
    this.processes.set(pid, known);
    return known;
  }

  private named(symbols: ProcessSymbols, at: bigint, address: bigint): Frame {
    const { name, module: path, offset, unnamed, code } = symbols.lookup(at);
    const mapped = symbols.moduleAt(at);
    const module = mapped && this.moduleOf(mapped);
    if (code !== undefined) return jitFrame(code, address);
    if (name !== undefined) return { name, kind: "user", module, address };
    const place =
      path === undefined ? "unknown" : `${path.slice(path.lastIndexOf("/") + 1)}+0x${offset.toString(16)}`;
    const frame: Frame = { name: `[${place.replace(/^\[(.*)\]\+/, "$1+")}]`, kind: "user", module, address };
    if (unnamed !== undefined) this.unnamed.set(frame, { module: path ?? "", reason: unnamed });
    return frame;
  }

  private moduleOf({ mapping, module }: MappedModule): Module {
    let known = this.modules.get(mapping);
    if (known === undefined) {
      known = {
        path: mapping.path || "[anon]",
        buildId: typeof module === "string" ? undefined : module.elf.buildId,
        start: BigInt(mapping.start),
        end: BigInt(mapping.end),
        fileOffset: BigInt(mapping.offset),
      };
      this.modules.set(mapping, known);
    }
    return known;
  }
}

function jitFrame({ name, file, line, tier }: JitCode, address: bigint): Frame {
  return { name, kind: "jit", file, line, tier, module: JIT, address };
}

/** The pieces of code that a perf map names lie anywhere. */
const JIT: Module = { path: "[jit]", start: 0n, end: 0n, fileOffset: 0n };
