/**
 * Where calls keep their arguments, by architecture: in `struct pt_regs`, which is the context of kprobes and uprobes
 * and what system calls' tracepoints point to. Offsets are of the kernel's user ABI (asm/ptrace.h). Pure.
 */
import { add, mov } from "../../asm/alu";
import { helper } from "../../asm/helper-ids";
import type { Block } from "../../asm/instruction";
import { call } from "../../asm/jump";
import { stackAddress } from "../../asm/macros/map";
import { load, store } from "../../asm/memory";
import { fp, type Register, r1, r2, r3 } from "../../asm/register";
import { NotSupportedError } from "../../core/errors";

export interface CallRegisters {
  /** Of the arguments of a function, in order: System V ABI, AAPCS64. */
  readonly functionArguments: readonly number[];
  /** Of the arguments of a system call: syscall(2). */
  readonly syscallArguments: readonly number[];
  readonly result: number;
  readonly stackPointer: number;
  /** Bytes from the stack pointer at a function's first instruction to its first argument on the stack. */
  readonly stackArguments: number;
  /** The highest page of a program's memory, in pieces of 128 KiB: there returns are made to lead that are probed. */
  readonly highest: number;
  /** Of where the function returns to at its first instruction, if that is in a register. */
  readonly returnAddress?: number;
  /** Bytes the stack pointer has moved between a function's first instruction and its return. */
  readonly returnPops: number;
}

const X86_64: CallRegisters = {
  functionArguments: [112, 104, 96, 88, 72, 64], // di si dx cx r8 r9
  syscallArguments: [112, 104, 96, 56, 72, 64], // di si dx r10 r8 r9
  result: 80, // ax
  stackPointer: 152,
  stackArguments: 8, // above the return address
  highest: 0x3fff_ffff, // TASK_SIZE_MAX, arch/x86/include/asm/page_64.h
  returnPops: 8,
};

const ARM64: CallRegisters = {
  functionArguments: [0, 8, 16, 24, 32, 40, 48, 56],
  syscallArguments: [0, 8, 16, 24, 32, 40],
  result: 0,
  stackPointer: 248,
  returnAddress: 240, // x30
  highest: 0x7fff_ffff, // DEFAULT_MAP_WINDOW_64, arch/arm64/include/asm/processor.h
  stackArguments: 0,
  returnPops: 0,
};

/** By Node's name of the architecture. Throws a NotSupportedError for others. */
export function callRegisters(arch: string): CallRegisters {
  if (arch === "x64") return X86_64;
  if (arch === "arm64") return ARM64;
  throw new NotSupportedError(`functions: architecture "${arch}" is not supported`, {
    hint: "bpfkit runs on x86-64 and arm64",
  });
}

/**
 * `r1` = where a function of a program returns to, at its first instruction; 0 if it cannot be read. `scratch`: 8 free
 * bytes. Loses r0–r5.
 */
export function loadReturnAddress(
  { stackPointer, returnAddress }: CallRegisters,
  ctx: Register,
  scratch: number,
): Block {
  if (returnAddress !== undefined) return [load(8, r1, ctx, returnAddress)];
  return [
    store(8, fp, scratch, 0),
    [load(8, r3, ctx, stackPointer), stackAddress(r1, scratch), mov(r2, WORD), call(helper.probeReadUser)],
    load(8, r1, fp, scratch),
  ];
}

const WORD = 8;

/** `dst` = argument `index` (from 0) of a function entered with the context `ctx`. `scratch`: 8 free bytes. Loses r0–r5. */
export function loadFunctionArgument(
  registers: CallRegisters,
  memory: "user" | "kernel",
  ctx: Register,
  index: number,
  dst: Register,
  scratch: number,
): Block {
  const { functionArguments, stackPointer, stackArguments } = registers;
  const offset = functionArguments[index];
  if (offset !== undefined) return [load(8, dst, ctx, offset)];
  const at = stackArguments + (index - functionArguments.length) * WORD;
  const read = memory === "user" ? helper.probeReadUser : helper.probeReadKernel;
  return [
    store(8, fp, scratch, 0),
    [load(8, r3, ctx, stackPointer), add(r3, at), stackAddress(r1, scratch), mov(r2, WORD), call(read)],
    load(8, dst, fp, scratch),
  ];
}
