/** The stacks that calls are made with, counted in the kernel, or sent one by one to be unwound. Pure. */
import { mov } from "../../asm/alu";
import type { Block } from "../../asm/instruction";
import { load } from "../../asm/memory";
import { fp, r7, r9 } from "../../asm/register";
import type { KernelFacts } from "../../bpf/facts";
import type { MapSpec } from "../../bpf/map-spec";
import { type CountPlaces, countStack, keyAt, type StackCounter } from "../count-stack";
import { stackSamples } from "../stack-samples";
import { type Caller, stackStore } from "../stack-store";
import { announce, stackTally, writeStackKey } from "../stack-tally";
import type { StackCounting } from "../stacks/collector";

export interface CallStackOptions {
  readonly halves: StackCounter["halves"];
  /** Bytes of user stacks to copy, for an unwinder; undefined where the kernel follows frame pointers. */
  readonly stackSize?: number | undefined;
  /** Bytes for the copies that wait to be unwound. */
  readonly bufferSize: number;
}

export interface CallStacks extends StackCounting, StackCounter {
  readonly maps: readonly MapSpec[];
}

/** Different stacks there is room for, halves counted each. */
export const MOST_CALL_STACKS = 16_384;
/** The same stack is met with several others on its other half, and in several processes. */
const PAIRS_PER_STACK = 2;

/** Lays out the maps. */
export function callStacks(options: CallStackOptions, facts: Pick<KernelFacts, "arch">): CallStacks {
  const store = stackStore(MOST_CALL_STACKS, false);
  const tally = stackTally(
    { by: "comm", state: false, waker: false, site: true },
    PAIRS_PER_STACK * MOST_CALL_STACKS,
    false,
  );
  const { halves, stackSize, bufferSize: ringSize } = options;
  const samples =
    stackSize === undefined
      ? undefined
      : stackSamples({ key: tally.key, stackSize, ringSize, walked: true }, facts);
  return { halves, store, tally, samples, maps: [...store.maps, ...tally.maps, ...(samples?.maps ?? [])] };
}

/** Places on the stack. */
export interface StackPlaces extends CountPlaces {
  /** Of the site, in 8 bytes. */
  readonly site: number;
}

/** Counts the stack of the call at hand, whose context is in r6. Loses r0–r5 and r7–r9. */
export function countCallStack(
  all: CallStacks,
  facts: KernelFacts,
  at: StackPlaces,
  caller: Caller | undefined,
): Block {
  return countStack(all, facts, at, { site: [load(8, r9, fp, at.site)], caller });
}

/** Tells user space of the current process, so that its files are looked at while it lives. Loses r0–r5, r7 and r9. */
export function announceProcess({ tally }: CallStacks, facts: KernelFacts, at: StackPlaces): Block {
  const key = keyAt({ tally }, at);
  return [
    [mov(r7, 0), writeStackKey(tally.key, tally.parts, key, { kernel: r7, user: r7 }, facts, at.scratch)],
    announce(tally, fp, key, r9),
  ];
}
