/** The registers of the caller of a system call, where a program can follow the context's pointer to them. Pure. */

import type { Block } from "../asm/instruction";
import { load } from "../asm/memory";
import type { Register } from "../asm/register";
import type { Btf } from "../bpf/btf/btf";
import type { Hook } from "../bpf/program-spec";
import { NotSupportedError } from "../core/errors";

/** What of the machine decides how the registers are reached. */
export interface RegisterFacts {
  readonly arch: string;
  btf(): Btf | undefined;
}

/** The hook of a system call's entry or exit: typed, so that its pointer can be followed, where BTF has it. */
export function syscallHook(name: "sys_enter" | "sys_exit", facts: RegisterFacts): Hook {
  const isTyped = facts.btf()?.rawTracepoint(name) !== undefined;
  return { kind: isTyped ? "btf-raw-tracepoint" : "raw-tracepoint", name };
}

/** The kernel's types, if programs at `syscallHook` can follow the pointer to the registers. */
export function typedRegisters(facts: RegisterFacts): Btf | undefined {
  return syscallHook("sys_enter", facts).kind === "btf-raw-tracepoint" ? facts.btf() : undefined;
}

/** The instruction pointer in `struct pt_regs`, by architecture. */
const INSTRUCTION_POINTER: Readonly<Record<string, string>> = { x64: "ip", arm64: "pc" };

/**
 * `dst` = the address of the instruction after the call. Only where `typedRegisters` gives types. The pointer to the
 * registers stands at `ctx + at`.
 */
export function loadInstructionPointer(dst: Register, ctx: Register, arch: string, btf: Btf, at = 0): Block {
  const name = INSTRUCTION_POINTER[arch];
  if (name === undefined)
    throw new NotSupportedError(`system calls: architecture "${arch}" is not supported`);
  return [load(8, dst, ctx, at), load(8, dst, dst, btf.requireMember("pt_regs", name).offset)];
}
