/** Programs that take stacks at events instead of a clock's ticks. Pure. */
import { mov } from "../../asm/alu";
import { type Block, type Label, label } from "../../asm/instruction";
import { exit, jump } from "../../asm/jump";
import { keepOnly } from "../../asm/macros/filter";
import { load } from "../../asm/memory";
import { type Register, r0, r1, r6 } from "../../asm/register";
import type { KernelFacts } from "../../bpf/facts";
import type { ProgramSpec } from "../../bpf/program-spec";
import { entryCaller } from "../../probes/calls/entry-caller";
import type { Caller } from "../../probes/stack-store";
import { type EventSite, loadEventArgument } from "../../probes/targets/event-site";

/** Arguments are known by their numbers here. */
type Site = Omit<EventSite, "params">;

export interface EventOptions {
  readonly sites: readonly Site[];
  /** Adds up this argument, from 0, instead of counting. */
  readonly weight?: number | undefined;
}

const WORD = 8;

/**
 * A program for each place. The context is in r6; `keep` goes to `drop` unless the event counts, `count` counts it with
 * the weight that `weigh` puts into a register. `caller` is the one that stacks lack.
 */
export function eventPrograms(
  { sites, weight }: EventOptions,
  facts: KernelFacts,
  keep: (drop: Label) => Block,
  count: (weigh: (to: Register) => Block, caller: Caller | undefined) => Block,
): ProgramSpec[] {
  return sites.map((site, at) => {
    const drop = label("drop");
    const caller = site.entered && entryCaller(site.entered, facts);
    const weighed = (to: Register) =>
      weight === undefined ? [mov(to, 1)] : weigh(site, weight, facts.arch, to, drop);
    return {
      name: `event_${at}`,
      hook: site.hook,
      code: [
        mov(r6, r1),
        site.syscalls === undefined ? [] : [load(8, r1, r6, WORD), keepOnly(r1, site.syscalls, drop)],
        keep(drop),
        count(weighed, caller),
        [drop, mov(r0, 0), exit()],
      ],
    };
  });
}

function weigh(site: Site, index: number, arch: string, to: Register, drop: Label): Block {
  // A size that is negative says that something failed.
  return [loadEventArgument(site, index, arch, r6, to), jump.slt(to, 0, drop)];
}
