/** What unwinding has to know of an architecture: how the kernel hands over registers, and what DWARF calls them. */
import { NotSupportedError } from "../../core/errors";

/** An architecture's registers. Columns are the numbers that the DWARF ABI gives them. */
export interface UnwindMachine {
  /** 64-bit words at the start of the kernel's `struct pt_regs` that hold the user's registers. */
  readonly registerWords: number;
  /** Where each column is among these words. */
  readonly columns: readonly number[];
  /** Where the instruction pointer is among these words. */
  readonly pcWord: number;
  /** The instruction pointer's column, if it has one. */
  readonly pcColumn: number | undefined;
  readonly spColumn: number;
  /** The register that frames are chained by where a program keeps frame pointers. */
  readonly fpColumn: number;
  /** The half above the lower 32 bits of an address: what lies above on arm64 is a signature. */
  readonly highMask: number;
  /**
   * Where a call leaves the return address in a register, that one's column: a function that calls nobody may leave it there
   * and the stack as it is.
   */
  readonly linkColumn: number | undefined;
}

/**
 * Columns: System V ABI for AMD64, figure 3.36. Words: arch/x86/include/uapi/asm/ptrace.h, r15 first. Column 16 is the
 * return address, which at the first frame is the instruction pointer.
 */
const x64: UnwindMachine = {
  registerWords: 21,
  //        ax  dx  cx  bx si  di  bp sp  r8 r9 r10 r11 r12 r13 r14 r15 ip
  columns: [10, 12, 11, 5, 13, 14, 4, 19, 9, 8, 7, 6, 3, 2, 1, 0, 16],
  pcWord: 16,
  pcColumn: 16,
  spColumn: 7,
  fpColumn: 6,
  highMask: 0xffffffff,
  linkColumn: undefined,
};

/**
 * Columns: DWARF for the Arm 64-bit Architecture. Words: struct user_pt_regs, arch/arm64/include/uapi/asm/ptrace.h:
 * x0 to x30, sp, pc, pstate. Addresses of user space have 48 bits; above them stands what pointer authentication put
 * there.
 */
const arm64: UnwindMachine = {
  registerWords: 34,
  columns: Array.from({ length: 32 }, (_, column) => column),
  pcWord: 32,
  pcColumn: undefined,
  spColumn: 31,
  fpColumn: 29,
  highMask: 0xffff,
  linkColumn: 30,
};

const machines: ReadonlyMap<string, UnwindMachine> = new Map([
  ["x64", x64],
  ["arm64", arm64],
]);

/** The architectures there are, by `process.arch`. */
export const unwindArchitectures: readonly string[] = [...machines.keys()];

/** The architecture by `process.arch`. */
export function unwindMachine(arch: string): UnwindMachine {
  const machine = machines.get(arch);
  if (machine !== undefined) return machine;
  throw new NotSupportedError(`unwind user stacks: architecture "${arch}" is not supported`);
}
