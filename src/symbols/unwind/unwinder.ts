/** From a sample's user registers and the top of its stack to the addresses of its frames. */
import { Frame } from "./frame";
import { type UnwindMachine, unwindMachine } from "./machine";
import { isTrampoline, leaveTrampoline, trampolineSize } from "./sigreturn";
import { StackMemory } from "./stack-memory";
import { Trace } from "./trace";
import type { UnwindInfo } from "./unwind-info";
import type { UserStackCopy } from "./user-stack";

/** Code as it is mapped into a process. */
export interface MappedCode {
  /** What is added to an address of the file to get the one in memory. */
  readonly bias: number;
  /** Undefined where no file is mapped: code made at run time. */
  readonly info: UnwindInfo | undefined;
  /** Where it lies. */
  readonly mapping?: { readonly start: number; readonly end: number };
}

/** What is known of a process. */
export interface UnwindProcess {
  /** The executable mapping at an address; undefined where none is. */
  codeAt(address: number): MappedCode | undefined;
  /** Another number after each change of what is mapped. */
  readonly generation?: number;
}

/** How the walk along a stack ended. */
export type UnwindEnd =
  /** At the thread's first function. */
  | "complete"
  /** At a frame that lies further up than the copy of the stack reaches. */
  | "truncated"
  /** In code that has no unwind information and keeps no frame pointers. */
  | "no-info"
  /** At a frame that cannot be right: not above the one before, or returning to where no code is. */
  | "broken"
  /** At as many frames as were asked for. */
  | "limit";

export interface UnwoundStack {
  /**
   * The frames' addresses, the innermost first: its instruction, then return addresses, as bpf_get_stack gives them. The
   * next stack is written over them; behind `length` there are none.
   */
  readonly pcs: Float64Array;
  readonly length: number;
  readonly end: UnwindEnd;
}

/** How the caller was found: by information about a call, or about a signal, or along the frame pointers. */
const Step = { call: 0, signal: 1, chain: 2 } as const;
type Step = (typeof Step)[keyof typeof Step];

/** The traces of a process, by where stacks lie. */
interface Traces {
  readonly generation: number | undefined;
  readonly byPlace: Map<number, Trace>;
}

/** Stacks are further apart than this; one that begins beyond a multiple of it is another one for a while. */
const PLACE = 65536;
/** Traces of a process at most. */
const MOST_TRACES = 1024;

/** Frames of a stack that are kept unless told otherwise. */
export const MOST_FRAMES = 1024;

export class Unwinder {
  private readonly machine: UnwindMachine;
  private readonly memory: StackMemory;
  private readonly frame: Frame;
  /** The stack that is being unwound, as far as it differs from the last one. */
  private readonly way = new Trace();
  /** What was found last. */
  private readonly found = { pcs: this.way.pcs, length: 0, end: "complete" as UnwindEnd };
  private readonly traces = new WeakMap<UnwindProcess, Traces>();

  /** For an architecture by `process.arch`. Throws a NotSupportedError for one it does not know. */
  constructor(arch: string) {
    this.machine = unwindMachine(arch);
    this.memory = new StackMemory(this.machine.highMask);
    this.frame = new Frame(this.machine, this.memory);
  }

  /** False for a thread of the kernel and for the idle task: the kernel has zeroed what would be their registers. */
  hasUserSide({ words, registersAt }: UserStackCopy): boolean {
    const { columns, spColumn } = this.machine;
    const at = registersAt + 2 * (columns[spColumn] as number);
    return words[at] !== 0 || words[at + 1] !== 0;
  }

  /** The frames of a thread of the process. At most `limit` frames, which is at most MOST_FRAMES. */
  unwind(process: UnwindProcess, copy: UserStackCopy, limit = MOST_FRAMES): UnwoundStack {
    const { frame, memory, way } = this;
    frame.enter(copy);
    memory.show(frame.sp, copy);
    // The maps may be read again here, and then what is known of other stacks is no more.
    let code = process.codeAt(frame.pc);
    const known = this.traceOf(process, frame.sp);
    way.clear();
    let step: Step = Step.signal;
    // Where in the known trace this frame might be, and from where on it has not been found changed.
    let at = 0;
    let unchanged = 0;
    for (;;) {
      way.reach(frame, step);
      at = known.indexOf(frame.sp, at);
      if (at >= unchanged && known.isAt(at, frame, step)) {
        const differs = known.follow(at, memory);
        if (differs === known.length && way.length - 1 + known.length - at <= limit) {
          way.length--;
          known.replaceInner(way, at);
          return this.unwound(known, "complete");
        }
        unchanged = differs + 1;
      }
      if (way.length >= limit) return this.unwound(way, "limit");
      const left = this.leave(code, step);
      if (typeof left === "string") {
        if (left === "complete") this.keep(known);
        return this.unwound(way, left);
      }
      step = left;
      code = process.codeAt(this.lookup(step === Step.signal));
      if (code === undefined) return this.unwound(way, step === Step.chain ? "no-info" : "broken");
    }
  }

  private unwound({ pcs, length }: Trace, end: UnwindEnd): UnwoundStack {
    const { found } = this;
    found.pcs = pcs;
    found.length = length;
    found.end = end;
    return found;
  }

  /** The trace of the last stack that lay there. */
  private traceOf(process: UnwindProcess, sp: number): Trace {
    const { generation } = process;
    let traces = this.traces.get(process);
    if (traces === undefined || traces.generation !== generation || traces.byPlace.size >= MOST_TRACES) {
      traces = { generation, byPlace: new Map() };
      this.traces.set(process, traces);
    }
    const place = Math.floor(sp / PLACE);
    let trace = traces.byPlace.get(place);
    if (trace === undefined) {
      trace = new Trace();
      traces.byPlace.set(place, trace);
    }
    return trace;
  }

  /** The stack that was unwound is the last one now. */
  private keep(known: Trace): void {
    known.clear();
    known.replaceInner(this.way, 0);
    known.complete(this.frame.fp);
  }

  /** The address to look up: of a caller the one before, as a call may be the last instruction of its function. */
  private lookup(isInterrupted: boolean): number {
    return isInterrupted ? this.frame.pc : this.frame.pc - 1;
  }

  /** Goes to the caller, or says why there is none. */
  private leave(code: MappedCode | undefined, reached: Step): Step | UnwindEnd {
    const { frame } = this;
    const isInterrupted = reached === Step.signal;
    const { pc, sp } = frame;
    const row = code?.info?.rowAt(this.lookup(isInterrupted) - code.bias);
    if (row !== undefined) {
      if (row.isOutermost) {
        this.way.leave();
        return "complete";
      }
      if (frame.leave(row)) this.way.leave(frame.places);
      if (row.isSignalFrame) return this.arrived(Step.signal);
      // Only a function that has put nothing on the stack leaves the stack pointer where it is.
      const hasLink = this.machine.linkColumn !== undefined;
      const isLeaf = isInterrupted && hasLink && frame.sp === sp && frame.pc !== pc;
      return frame.sp <= sp && !isLeaf ? "broken" : this.arrived(Step.call);
    }
    if (this.isTrampoline(code)) {
      leaveTrampoline(this.machine, frame);
      return this.arrived(Step.signal);
    }
    // The outermost frame of a chain has none above it: System V ABI for AMD64, section 3.4.1.
    if (reached === Step.chain && frame.fp === 0) {
      this.way.leave();
      return "complete";
    }
    if (!(frame.fp >= sp && frame.fp % 8 === 0)) return "no-info";
    if (frame.leaveByFramePointer()) this.way.leave(frame.places);
    const left = this.arrived(Step.chain);
    return left === "broken" ? "no-info" : left;
  }

  private arrived(left: Step): Step | UnwindEnd {
    const { pc, sp } = this.frame;
    if (pc === 0) return "complete";
    if (!Number.isNaN(pc) && !Number.isNaN(sp)) return left;
    return this.memory.fault === "beyond" ? "truncated" : "broken";
  }

  private isTrampoline(code: MappedCode | undefined): boolean {
    if (code?.info === undefined) return false;
    const bytes = code.info.code(this.frame.pc - code.bias, trampolineSize(this.machine));
    return bytes !== undefined && isTrampoline(this.machine, bytes);
  }
}
