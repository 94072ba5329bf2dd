/** A place where something happens that is counted or looked at, and where the arguments are there. Pure. */
import { arsh, be, lsh, rsh } from "../../asm/alu";
import type { Block } from "../../asm/instruction";
import { load } from "../../asm/memory";
import { type Register, r1 } from "../../asm/register";
import type { Hook } from "../../bpf/program-spec";
import { callRegisters } from "../calls/registers";
import { leadsFurther, type Memory, type Param, type ValueForm } from "../calls/value-form";

export interface EventSite {
  readonly hook: Hook;
  /** Where arguments are: words of the context, the registers in it, or those that a system call's tracepoint shows. */
  readonly arguments: "words" | "registers" | "syscall";
  /** What is known of them, in their order. */
  readonly params: readonly Param[];
  /** Whose function is at its first instruction, with the registers as its context. */
  readonly entered?: Memory | undefined;
  /** These system calls only. */
  readonly syscalls?: readonly number[];
}

/** Arguments that can be asked for: those in registers on every architecture. */
export const MOST_ARGUMENTS = 6;

const WORD = 8;

/** `to` = argument `index`, from 0 and below MOST_ARGUMENTS, of the event with the context `ctx`: a whole word. Loses r1. */
export function loadEventArgument(
  site: Pick<EventSite, "arguments">,
  index: number,
  arch: string,
  ctx: Register,
  to: Register,
): Block {
  const { functionArguments, syscallArguments } = callRegisters(arch);
  switch (site.arguments) {
    case "words":
      return [load(8, to, ctx, index * WORD)];
    case "registers":
      return [load(8, to, ctx, functionArguments[index] as number)];
    case "syscall":
      return [load(8, r1, ctx, 0), load(8, to, r1, syscallArguments[index] as number)];
  }
}

/** Makes a number of its form of a word, above which a register may hold anything. */
export function cutToForm(value: Register, form: ValueForm): Block {
  if (leadsFurther(form) || form.kind === "bool") return [];
  if (form.kind === "int" && form.swapped === true) return [be((8 * form.size) as 16 | 32 | 64, value)];
  const above = 64 - 8 * form.size;
  if (above === 0) return [];
  const isSigned = "signed" in form && form.signed;
  return [lsh(value, above), isSigned ? arsh(value, above) : rsh(value, above)];
}
