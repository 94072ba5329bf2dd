/**
 * The frame a signal was delivered with, where no unwind information tells of it: musl's and, since Linux 5.8, arm64's
 * trampolines have none. Like other unwinders, this one knows them by their two instructions.
 */
import type { Frame } from "./frame";
import type { UnwindMachine } from "./machine";

/** What a machine's signal frames are like. */
interface SignalLayout {
  /** The instructions of the trampoline: the number of rt_sigreturn, and the call. */
  readonly trampoline: Uint8Array;
  /** From the stack pointer to the interrupted registers. */
  readonly registers: number;
  /** Where each column is among them, in words. */
  readonly columns: readonly number[];
  readonly pcWord: number;
}

/** mov $15, %rax; syscall. The stack pointer is at a struct ucontext, with its mcontext after 40 bytes. */
const x64: SignalLayout = {
  trampoline: Uint8Array.of(0x48, 0xc7, 0xc0, 0x0f, 0x00, 0x00, 0x00, 0x0f, 0x05),
  registers: 40,
  // struct sigcontext, arch/x86/include/uapi/asm/sigcontext.h: r8 to r15, di, si, bp, bx, dx, ax, cx, sp, ip
  columns: [13, 12, 14, 11, 9, 8, 10, 15, 0, 1, 2, 3, 4, 5, 6, 7, 16],
  pcWord: 16,
};

/** mov x8, #139; svc #0. At the stack pointer are a siginfo of 128 bytes, then a ucontext with its mcontext after 176. */
const arm64: SignalLayout = {
  trampoline: Uint8Array.of(0x68, 0x11, 0x80, 0xd2, 0x01, 0x00, 0x00, 0xd4),
  // struct sigcontext, arch/arm64/include/uapi/asm/sigcontext.h: fault_address, then x0 to x30, sp, pc
  registers: 128 + 176 + 8,
  columns: Array.from({ length: 32 }, (_, column) => column),
  pcWord: 32,
};

function layoutOf(machine: UnwindMachine): SignalLayout {
  return machine.linkColumn === undefined ? x64 : arm64;
}

/** True if these bytes, which the pc points to, are a signal trampoline. */
export function isTrampoline(machine: UnwindMachine, code: Uint8Array): boolean {
  const { trampoline } = layoutOf(machine);
  return code.length >= trampoline.length && trampoline.every((byte, i) => code[i] === byte);
}

/** Bytes of code that `isTrampoline` wants to see. */
export function trampolineSize(machine: UnwindMachine): number {
  return layoutOf(machine).trampoline.length;
}

/** Goes from a trampoline to what the signal interrupted. */
export function leaveTrampoline(machine: UnwindMachine, frame: Frame): void {
  const { registers, columns, pcWord } = layoutOf(machine);
  const first = frame.sp + registers;
  frame.leaveSignal((column) => first + 8 * (columns[column] as number), first + 8 * pcWord);
}
