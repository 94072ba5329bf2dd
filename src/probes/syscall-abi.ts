/**
 * Through which ABI a system call came in. A 64-bit kernel serves 32-bit programs too, whose numbers mean
 * other calls. An ABI's code is its index in `[native, ...compatAbis(native)]`. Pure.
 */
import { add, and, mov } from "../asm/alu";
import { helper } from "../asm/helper-ids";
import { type Block, label } from "../asm/instruction";
import { call, jump, jump32 } from "../asm/jump";
import { stackAddress } from "../asm/macros/map";
import { load } from "../asm/memory";
import { fp, type Register, r0, r1, r2, r3 } from "../asm/register";
import type { Btf } from "../bpf/btf/btf";
import { NotSupportedError } from "../core/errors";
import { x32Bit } from "../symbols/syscalls";
import { loadInstructionPointer, type RegisterFacts, typedRegisters } from "./syscall-registers";

/** TS_COMPAT: a 32-bit call is being served. arch/x86/include/asm/thread_info.h */
const TS_COMPAT = 0x2;
/** PSR_MODE32_BIT: the call came from AArch32. arch/arm64/include/uapi/asm/ptrace.h */
const PSR_MODE32_BIT = 0x10;

/** True where 32-bit calls can be told apart. x32 calls always can: their number says so. */
export function recognisesCompat(facts: RegisterFacts): boolean {
  return typedRegisters(facts) !== undefined;
}

/**
 * In a program at `syscallHook("sys_enter")`: `code` = the ABI's code, and `number` loses the x32 bit.
 * `ctx` is the saved context, `scratch` names eight free bytes of the stack. Loses r0–r5.
 */
export function abiCode(
  facts: RegisterFacts,
  ctx: Register,
  number: Register,
  code: Register,
  scratch: number,
): Block {
  const btf = typedRegisters(facts);
  switch (facts.arch) {
    case "x64":
      return [
        mov(code, 0),
        btf === undefined ? [] : ia32Code(btf, ctx, code, scratch),
        x32Code(number, code),
      ];
    case "arm64":
      return [mov(code, 0), btf === undefined ? [] : arm32Code(btf, ctx, code)];
    default:
      throw new NotSupportedError(`system calls: architecture "${facts.arch}" is not supported`);
  }
}

/**
 * The SYSCALL instruction leaves the return address in rcx, so rcx = rip proves a 64-bit call with two loads
 * and no helper. Anything else (int 0x80, 32-bit code, a return address changed by a debugger, CPUs with
 * FRED) is decided by what the kernel itself goes by: TS_COMPAT of the current thread.
 */
function ia32Code(btf: Btf, ctx: Register, code: Register, scratch: number): Block {
  const native = label("native_abi");
  const cx = btf.requireMember("pt_regs", "cx").offset;
  const status = btf.requireMember("task_struct", "thread_info.status").offset;
  return [
    [load(8, r1, ctx, 0), load(8, r1, r1, cx), loadInstructionPointer(r2, ctx, "x64", btf)],
    jump.eq(r1, r2, native),
    [call(helper.getCurrentTask), mov(r3, r0), add(r3, status)],
    [stackAddress(r1, scratch), mov(r2, 4), call(helper.probeReadKernel)],
    [load(4, r1, fp, scratch), and(r1, TS_COMPAT), jump.eq(r1, 0, native), mov(code, 1)],
    native,
  ];
}

function x32Code(number: Register, code: Register): Block {
  const other = label("not_x32");
  return [
    // The sign bit is set in numbers such as −1, which are no x32 calls.
    [jump32.slt(number, x32Bit, other), jump.ne(code, 0, other)],
    [and(number, x32Bit - 1), mov(code, 2)],
    other,
  ];
}

function arm32Code(btf: Btf, ctx: Register, code: Register): Block {
  const native = label("native_abi");
  const pstate = btf.requireMember("pt_regs", "pstate").offset;
  return [
    [load(8, r1, ctx, 0), load(8, r2, r1, pstate), and(r2, PSR_MODE32_BIT), jump.eq(r2, 0, native)],
    mov(code, 1),
    native,
  ];
}
