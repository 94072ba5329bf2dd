/** Programs that take stacks at events instead of a clock's ticks. Pure. */
import { mov } from "../../asm/alu";
import { type Block, type Label, label } from "../../asm/instruction";
import { exit, jump } from "../../asm/jump";
import { keepOnly } from "../../asm/macros/filter";
import { load } from "../../asm/memory";
import { type Register, r0, r1, r6 } from "../../asm/register";
import type { Hook, ProgramSpec } from "../../bpf/program-spec";
import { UsageError } from "../../core/errors";
import { callRegisters } from "../../probes/calls/registers";

/** A place where something happens. */
export interface EventSite {
  readonly hook: Hook;
  /** Where arguments are: words of the context, the registers in it, or those that a system call's tracepoint shows. */
  readonly arguments: "words" | "registers" | "syscall";
  /** These system calls only. */
  readonly syscalls?: readonly number[];
}

export interface EventOptions {
  readonly sites: readonly EventSite[];
  /** Adds up this argument, from 0, instead of counting. */
  readonly weight?: number | undefined;
}

/** Arguments that can be weights: those in registers on every architecture. */
export const MOST_ARGUMENTS = 6;

const WORD = 8;

/**
 * A program for each place. The context is in r6; `keep` goes to `drop` unless the event counts, `count` counts it with
 * the weight that `weigh` puts into a register.
 */
export function eventPrograms(
  { sites, weight }: EventOptions,
  arch: string,
  keep: (drop: Label) => Block,
  count: (weigh: (to: Register) => Block) => Block,
): ProgramSpec[] {
  return sites.map((site, at) => {
    const drop = label("drop");
    return {
      name: `event_${at}`,
      hook: site.hook,
      code: [
        mov(r6, r1),
        site.syscalls === undefined ? [] : [load(8, r1, r6, WORD), keepOnly(r1, site.syscalls, drop)],
        keep(drop),
        count((to) => (weight === undefined ? [mov(to, 1)] : weigh(site, weight, arch, to, drop))),
        [drop, mov(r0, 0), exit()],
      ],
    };
  });
}

function weigh(site: EventSite, index: number, arch: string, to: Register, drop: Label): Block {
  const registers = callRegisters(arch);
  const load64 = (base: Register, offset: number | undefined): Block => {
    if (offset === undefined) throw new UsageError(`weight: there is no argument ${index} in a register`);
    return [load(8, to, base, offset)];
  };
  const value: Block =
    site.arguments === "words"
      ? load64(r6, index * WORD)
      : site.arguments === "registers"
        ? load64(r6, registers.functionArguments[index])
        : [load(8, r1, r6, 0), load64(r1, registers.syscallArguments[index])];
  // A size that is negative says that something failed.
  return [value, jump.slt(to, 0, drop)];
}
