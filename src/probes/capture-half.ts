/** Either half of the stack at hand, by the way that there is for it. Pure. */
import { mov } from "../asm/alu";
import type { Block } from "../asm/instruction";
import { type Register, r6 } from "../asm/register";
import type { KernelFacts } from "../bpf/facts";
import type { StackSamples } from "./stack-samples";
import { type Caller, captureStack, type StackSide, type StackStore, type Tip } from "./stack-store";
import { type UserWalk, walkUserStack } from "./unwind/walk";

export interface HalfSource {
  readonly store: StackStore;
  /** Where user stacks go that the programs cannot walk; undefined where the kernel follows frame pointers. */
  readonly samples: StackSamples | undefined;
  /** Which halves are wanted. */
  readonly halves: Readonly<Record<StackSide, boolean>>;
}

export interface HalfPlaces {
  /** Where the user's half is walked by rows: its id, what to work with, and the end of WALK_STACK bytes. */
  readonly walk: UserWalk;
  /** End of CAPTURE_STACK free bytes. */
  readonly capture: number;
  readonly tip?: Tip | undefined;
}

/**
 * `id` = the id of the half; `StackId.copied` where user space has to unwind it, and none where nobody asked for it. The program's
 * context is in r6. Loses r0–r5 and what there is to work with.
 */
export function captureHalf(
  { store, samples, halves }: HalfSource,
  facts: Pick<KernelFacts, "arch" | "btf">,
  side: StackSide,
  id: Register,
  { walk, capture, tip }: HalfPlaces,
  caller?: Caller,
): Block {
  if (!halves[side]) return [mov(id, 0)];
  if (side === "user" && samples !== undefined)
    return walkUserStack(samples.rows, store, facts, { ...walk, tip });
  return captureStack(store, { side, ctx: r6, id, work: walk.work, stack: capture, caller, tip });
}
