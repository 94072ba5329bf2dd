/** Counts the stack at hand, in the kernel where it can be walked there, and else by a record for user space. Pure. */
import { type Block, label } from "../asm/instruction";
import { jump } from "../asm/jump";
import { store as storeTo } from "../asm/memory";
import { fp, type Register, r7, r8, r9 } from "../asm/register";
import type { KernelFacts } from "../bpf/facts";
import { captureHalf } from "./capture-half";
import { emitStackRecord, type StackSamples } from "./stack-samples";
import { type Caller, StackId, type StackSide, type StackStore } from "./stack-store";
import { addToStacks, type StackTally, tipsAt, writeStackKey } from "./stack-tally";
import { walkFields } from "./unwind/walk";

/** What is counted, and where. */
export interface StackCounter {
  readonly store: StackStore;
  readonly tally: StackTally;
  /** Where user stacks go that have no frame pointers and cannot be walked. */
  readonly samples?: StackSamples | undefined;
  /** Which halves are wanted. */
  readonly halves: Readonly<Record<StackSide, boolean>>;
}

/** Places on the program's stack. */
export interface CountPlaces {
  /** SHOWN_IDS_SIZE free bytes, and TURN_SLOT. */
  readonly scratch: number;
  /** End of CAPTURE_STACK free bytes. They may be the same. */
  readonly capture: number;
  /** End of the free bytes for the key, and WALK_STACK below it where user stacks are walked by rows. */
  readonly key: number;
}

export interface StackToCount {
  /** What it counts for, left in r7, which nothing else is in by then; 1 unless given. */
  readonly weight?: Block | undefined;
  /** What was called, left in r9. */
  readonly site?: Block | undefined;
  readonly caller?: Caller | undefined;
}

/** Where the key is; it ends at `places.key`. */
export function keyAt({ tally }: Pick<StackCounter, "tally">, places: Pick<CountPlaces, "key">): number {
  return places.key - Math.ceil(tally.key.size / 8) * 8;
}

/** Counts the stack of the current task, whose program's context is in r6. Loses r0–r5 and r7–r9. */
export function countStack(
  counter: StackCounter,
  facts: KernelFacts,
  places: CountPlaces,
  { weight, site = [], caller }: StackToCount = {},
): Block {
  const { store, tally, halves } = counter;
  const samples = halves.user ? counter.samples : undefined;
  const key = keyAt(counter, places);
  const tips = tipsAt(tally, key);
  const walk = { id: r8, work: r9, stack: key };
  const half = (side: StackSide, id: Register) => {
    const at = { walk, capture: places.capture, tip: tips[side] };
    return captureHalf({ store, samples, halves }, facts, side, id, at, caller);
  };
  const registers = {
    kernel: r7,
    user: r8,
    tips: "there",
    ...(site.length === 0 ? {} : { site: r9 }),
  } as const;
  const weighs = weight === undefined ? 1 : r7;
  const counted = addToStacks(tally, fp, key, weighs, r9, places.scratch);
  const write = [
    Object.values(tips).map((tip) => [storeTo(8, fp, tip, 0)]),
    [half("kernel", r7), half("user", r8), site],
    writeStackKey(tally.key, tally.parts, key, registers, facts, places.scratch),
    weight ?? [],
  ];
  if (samples === undefined) return [write, counted];
  const [copied, done] = [label("to_be_unwound"), label("stack_counted")];
  const fields = { weight: weighs, ...walkFields(samples.rows, walk) };
  return [
    [write, jump.eq(r8, Number(StackId.copied), copied), counted, jump.always(done)],
    [copied, emitStackRecord(samples, facts, { kind: "sample", key: fp, at: key, fields, work: r9 }), done],
  ];
}
