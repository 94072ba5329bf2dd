/**
 * Calls that have not returned yet, with the arguments they were made with. A call is known by its thread, its site and
 * where its frame lies on the stack: calls that nest or recurse do not meet, and one that never returns (longjmp, the
 * end of the thread) is forgotten when its place is taken, or when the map needs room. Pure.
 */
import { mov, sub } from "../../asm/alu";
import { helper } from "../../asm/helper-ids";
import { type Block, type Label, label } from "../../asm/instruction";
import { call, jump, jump32 } from "../../asm/jump";
import { lookup, remove, update } from "../../asm/macros/map";
import { load, store } from "../../asm/memory";
import { fp, type Register, r0, r1 } from "../../asm/register";
import { lruHashMap, type MapSpec } from "../../bpf/map-spec";
import { bytes, struct, u32, u64 } from "../../core/codec";
import { kernelIds } from "../current-task";
import { type CallPlan, countLoss, START } from "./call-plan";

const FrameKey = struct({ stack: u64, tid: u32, site: u32 });
const WORD = 8;
const FRAMES = 16_384;

/** Room for calls with at most `words` arguments each. */
export interface Frames {
  readonly map: MapSpec;
  readonly words: number;
}

export function frames(words: number): Frames {
  const value = bytes(WORD + WORD * words);
  return { map: lruHashMap("frames", { key: FrameKey, value, maxEntries: FRAMES }) as MapSpec, words };
}

/** Bytes of the stack that these blocks need. */
function frameStack({ words }: Frames): number {
  return FrameKey.size + WORD + WORD * words;
}

/** Writes the key to the stack; `frame` loads where the call's frame lies into r1. Loses r0–r5. */
function writeKey(at: number, site: number | Register, frame: Block): Block {
  return [
    [frame, store(8, fp, at + FrameKey.offsets.stack, r1)],
    [
      kernelIds(),
      store(4, fp, at + FrameKey.offsets.tid, r0),
      store(4, fp, at + FrameKey.offsets.site, site),
    ],
  ];
}

export interface Entered {
  /** Its number, or a register that calls keep with it. */
  readonly site: number | Register;
  /** `r1` = where the frame lies. Loses r2 at most. */
  readonly frame: Block;
  /** `r1` = argument `index`. Loses r0–r5. */
  loadWord(index: number): Block;
  readonly count: number;
  /** End of the stack to use. */
  readonly stack: number;
}

/** Notes a call with its arguments and the time. Loses r0–r5. */
export function noteFrame(all: Frames, plan: CallPlan, entered: Entered): Block {
  const { site, frame, loadWord, count, stack } = entered;
  const key = stack - FrameKey.size;
  const value = stack - frameStack(all);
  const done = label("noted");
  return [
    writeKey(key, site, frame),
    Array.from({ length: all.words }, (_, i) => {
      const at = value + WORD + WORD * i;
      return i < count ? [loadWord(i), store(8, fp, at, r1)] : store(8, fp, at, 0);
    }),
    [call(helper.ktimeGetNs), store(8, fp, value, r0)],
    [update(all.map, key, value), jump32.eq(r0, 0, done)],
    countLoss(plan.losses, "unfollowed"),
    done,
  ];
}

/** `frame` = the call that returns, whose frame's place `place` loads into r1, and START is when it began. Goes to `none` if it was not noted. Loses r0–r5. */
export function findFrame(
  all: Frames,
  site: number | Register,
  place: Block,
  frame: Register,
  stack: number,
  none: Label,
): Block {
  const key = stack - FrameKey.size;
  return [
    [writeKey(key, site, place), lookup(all.map, key), jump.eq(r0, 0, none)],
    [mov(frame, r0), load(8, r1, frame, 0), store(8, fp, START, r1)],
  ];
}

/** `r1` = argument `index` of the call in `frame`. */
export function frameWord(frame: Register, index: number): Block {
  return [load(8, r1, frame, WORD + WORD * index)];
}

/** Forgets the call that `findFrame` found. Loses r0–r5. */
export function forgetFrame(all: Frames, stack: number): Block {
  return remove(all.map, stack - FrameKey.size);
}

/** `r1` = the stack pointer in the context, less what the return has popped. */
export function stackPointerOf(ctx: Register, offset: number, popped: number): Block {
  return [load(8, r1, ctx, offset), popped === 0 ? [] : sub(r1, popped)];
}
