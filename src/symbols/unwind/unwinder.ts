/** From a sample's user registers and the top of its stack to the addresses of its frames. */
import { Frame } from "./frame";
import { type UnwindMachine, unwindMachine } from "./machine";
import { isTrampoline, leaveTrampoline, trampolineSize } from "./sigreturn";
import { StackMemory } from "./stack-memory";
import type { UnwindInfo } from "./unwind-info";

/** Code as it is mapped into a process. */
export interface MappedCode {
  /** What is added to an address of the file to get the one in memory. */
  readonly bias: number;
  /** Undefined where no file is mapped: code made at run time. */
  readonly info: UnwindInfo | undefined;
}

/** What is known of a process. */
export interface UnwindProcess {
  /** The executable mapping at an address; undefined where none is. */
  codeAt(address: number): MappedCode | undefined;
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
   * next stack is written over them.
   */
  readonly pcs: Float64Array;
  readonly end: UnwindEnd;
}

/** How the caller was found: by information about a call, or about a signal, or along the frame pointers. */
type Step = "call" | "signal" | "chain";

function isStep(left: Step | UnwindEnd): left is Step {
  return left === "call" || left === "signal" || left === "chain";
}

/** Frames of a stack that are kept unless told otherwise. */
export const MOST_FRAMES = 1024;

export class Unwinder {
  private readonly machine: UnwindMachine;
  private readonly memory: StackMemory;
  private readonly frame: Frame;
  private readonly pcs = new Float64Array(MOST_FRAMES);

  /** For an architecture by `process.arch`. Throws a NotSupportedError for one it does not know. */
  constructor(arch: string) {
    this.machine = unwindMachine(arch);
    this.memory = new StackMemory(this.machine.highMask);
    this.frame = new Frame(this.machine, this.memory);
  }

  /** False for a thread of the kernel and for the idle task: the kernel has zeroed what would be their registers. */
  hasUserSide(registers: BigUint64Array): boolean {
    const { columns, spColumn } = this.machine;
    return registers[columns[spColumn] as number] !== 0n;
  }

  /**
   * The frames of a thread of the process. `registers` are the words at the start of the kernel's `struct pt_regs`,
   * `stack` is what lay at the stack pointer and above. At most `limit` frames, which is at most MOST_FRAMES.
   */
  unwind(
    process: UnwindProcess,
    registers: BigUint64Array,
    stack: Uint8Array,
    limit = MOST_FRAMES,
  ): UnwoundStack {
    const { frame, memory, pcs } = this;
    frame.enter(registers);
    memory.show(frame.sp, stack);
    let count = 0;
    let step: Step = "signal";
    let code = process.codeAt(frame.pc);
    for (;;) {
      pcs[count++] = frame.pc;
      if (count >= limit) return { pcs: pcs.subarray(0, count), end: "limit" };
      const left = this.leave(code, step);
      if (!isStep(left)) return { pcs: pcs.subarray(0, count), end: left };
      step = left;
      code = process.codeAt(this.lookup(step === "signal"));
      if (code === undefined)
        return { pcs: pcs.subarray(0, count), end: step === "chain" ? "no-info" : "broken" };
    }
  }

  /** The address to look up: of a caller the one before, as a call may be the last instruction of its function. */
  private lookup(isInterrupted: boolean): number {
    return isInterrupted ? this.frame.pc : this.frame.pc - 1;
  }

  /** Goes to the caller, or says why there is none. */
  private leave(code: MappedCode | undefined, reached: Step): Step | UnwindEnd {
    const { frame } = this;
    const isInterrupted = reached === "signal";
    const { pc, sp } = frame;
    const row = code?.info?.rowAt(this.lookup(isInterrupted) - code.bias);
    if (row !== undefined) {
      if (row.isOutermost) return "complete";
      frame.leave(row);
      if (row.isSignalFrame) return this.arrived("signal");
      // Only a function that has put nothing on the stack leaves the stack pointer where it is.
      const isLeaf = isInterrupted && this.machine.hasLinkRegister && frame.sp === sp && frame.pc !== pc;
      return frame.sp <= sp && !isLeaf ? "broken" : this.arrived("call");
    }
    if (this.isTrampoline(code)) {
      leaveTrampoline(this.machine, frame);
      return this.arrived("signal");
    }
    // The outermost frame of a chain has none above it: System V ABI for AMD64, section 3.4.1.
    if (reached === "chain" && frame.fp === 0) return "complete";
    if (!(frame.fp >= sp && frame.fp % 8 === 0)) return "no-info";
    frame.leaveByFramePointer();
    const left = this.arrived("chain");
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
