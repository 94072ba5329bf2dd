/**
 * Call stacks, each kept once, as addresses. A stack trace map has one place per hash value of 32 bits or less: a stack
 * whose place is taken by another is lost, long before the map is full. So stacks lie in a hash map under 63 bits of
 * a hash that the program computes, and the leaves are compared all the same. What goes wrong is told apart and
 * counted. Pure but for `readStackLosses`, which reads an open session.
 */
import { add, mov, mul, or, rsh, sub, xor } from "../asm/alu";
import { atomicAdd } from "../asm/atomic";
import { helper } from "../asm/helper-ids";
import { type Block, type Label, label } from "../asm/instruction";
import { call, jump, jump32 } from "../asm/jump";
import { lookup, stackAddress } from "../asm/macros/map";
import { load, loadImm64, loadMapValue, store } from "../asm/memory";
import { fp, type Register, r0, r1, r2, r3, r4 } from "../asm/register";
import { hashMap, type MapSpec, mappableArray, perCpuArrayMap } from "../bpf/map-spec";
import type { Session } from "../bpf/session";
import { stackFrames } from "../bpf/stack-trace-spec";
import { MapUpdate } from "../core/bpf-uapi";
import { count64, struct, u64 } from "../core/codec";
import { errno } from "../core/errno";
import { findMap, loadFoundMap, TURN_SLOT, type TurnMap, turnMap } from "./turn-map";

/** PERF_MAX_STACK_DEPTH, the default of kernel.perf_event_max_stack, which limits what the kernel hands over. */
export const MAX_DEPTH = 127;
const BYTES = MAX_DEPTH * 8;

/** BPF_F_USER_STACK, include/uapi/linux/bpf.h */
const USER_STACK = 256;

/** Which half of a stack. */
export type StackSide = "kernel" | "user";

/** Ids below 2^63 stand for no stack, and say why. */
export const StackId = Object.freeze({
  /** There is none: the task was not in the kernel, or has no user side, or nobody asked. */
  none: 0n,
  /** The kernel could not walk it. */
  unwalkable: 1n,
  /** The map of stacks had no room. */
  full: 2n,
  /** Another stack has the same hash. */
  collision: 3n,
  /** It has been copied for user space, which knows what it is. */
  copied: 4n,
});
const REAL = 1n << 63n;

/** True where `readStacks` has the addresses. */
export function isStack(id: bigint): boolean {
  return id >= REAL;
}

const Losses = struct({ unwalkable: count64, stacksFull: count64, collisions: count64, truncated: count64 });

/** How often a stack was not taken or not kept, by reason. `truncated`: deeper than MAX_DEPTH, the rest is kept. */
export interface StackLosses {
  readonly unwalkable: number;
  readonly stacksFull: number;
  readonly collisions: number;
  readonly truncated: number;
}

/** The maps of a store. */
export interface StackStore {
  readonly maps: readonly MapSpec[];
  readonly stacks: TurnMap<bigint, BigUint64Array>;
  readonly scratch: MapSpec<number, BigUint64Array>;
  readonly losses: MapSpec<number, StackLosses>;
}

/** Lays out room for `maxStacks` stacks, kernel and user halves counted each, perhaps to be emptied now and then. */
export function stackStore(maxStacks: number, takesTurns: boolean): StackStore {
  const frames = stackFrames(MAX_DEPTH);
  const map = hashMap<bigint, BigUint64Array>("stacks", { key: u64, value: frames, maxEntries: maxStacks });
  const stacks = turnMap(map, takesTurns);
  // More than a stack has: room for a caller in front, and for zeros behind.
  const scratch = perCpuArrayMap("stack_scratch", stackFrames(MAX_DEPTH + 3), 1);
  const losses = mappableArray("stack_losses", Losses, 1);
  return { maps: [...stacks.maps, scratch, losses] as MapSpec[], stacks, scratch, losses };
}

/** Bytes of the stack that `captureStack` needs. */
export const CAPTURE_STACK = 8 + TURN_SLOT;

export interface Capture {
  readonly side: StackSide;
  /** The program's context. */
  readonly ctx: Register;
  /** Gets the id: one of the registers that calls keep. */
  readonly id: Register;
  /** To work with: another one of these. */
  readonly work: Register;
  /** End of CAPTURE_STACK bytes. */
  readonly stack: number;
  /** At the first instruction of a function: who called it, where this half of the stack does not tell. */
  readonly caller?: Caller | undefined;
  readonly tip?: Tip | undefined;
}

/**
 * Where the innermost address goes: eight bytes of the program's stack, in which 0 is. The stack that is kept is that of its
 * callers. A clock finds each function at many addresses, but its callers, which are most of the stack, again and again.
 */
export type Tip = number;
/** Innermost addresses that there is room for, for each stack of callers. */
export const TIPS_PER_STACK = 4;

/**
 * Where the current function returns to. At its first instruction the frame pointer is still that of its caller, and
 * leads to the caller's caller: without help the caller itself is missing from the stack.
 */
export interface Caller {
  /** Which half of the stack lacks it. */
  readonly side: StackSide;
  /** `r1` = the address, or 0; `scratch` names 8 free bytes. Loses r0–r5. */
  load(scratch: number): Block;
  /** Whether this kernel may have put it into the stack itself. */
  readonly mayBeThere: boolean;
}

/** Takes the current stack and keeps it. Loses r0–r5 and `work`. Since Linux 5.3, whose verifier takes loops. */
export function captureStack(to: StackStore, { side, ctx, id, work, stack, ...given }: Capture): Block {
  const at = stack - 8;
  const caller = given.caller?.side === side ? given.caller : undefined;
  const room = caller === undefined ? 0 : WORD;
  const [none, broken, kept, done] = [
    label("no_stack"),
    label("unwalkable"),
    label("kept"),
    label("captured"),
  ];
  return [
    findMap(to.stacks, at - TURN_SLOT, none),
    [store(8, fp, at, 0), lookup(to.scratch, at), jump.eq(r0, 0, none), mov(work, r0)],
    [
      mov(r1, ctx),
      mov(r2, work),
      room === 0 ? [] : add(r2, room),
      mov(r3, BYTES),
      mov(r4, side === "user" ? USER_STACK : 0),
    ],
    [call(helper.getStack), jump.slt(r0, 0, broken), jump.eq(r0, 0, none), mov(id, r0)],
    caller === undefined ? [] : insertCaller(caller, work, id, at),
    countTruncated(to, id),
    takeTip(given.tip, work, id),
    [keepStack(to, { words: work, id, at, kept }), jump.always(done)],
    [broken, countLoss(to, "unwalkable"), mov(id, Number(StackId.unwalkable)), jump.always(done)],
    [none, mov(id, Number(StackId.none))],
    [kept, done],
  ];
}

const WORD = 8;

/** Puts the caller behind the innermost frame of the stack at `words + 8`, unless it is there; `words` = the stack. */
function insertCaller(caller: Caller, words: Register, bytes: Register, scratch: number): Block {
  const [whole, done] = [label("has_caller"), label("caller_known")];
  return [
    [caller.load(scratch), jump.eq(r1, 0, whole), load(8, r2, words, 2 * WORD)],
    caller.mayBeThere ? jump.eq(r1, r2, whole) : [],
    [load(8, r2, words, WORD), store(8, words, 0, r2), store(8, words, WORD, r1), add(bytes, WORD)],
    [jump.always(done), whole, add(words, WORD), done],
  ];
}

/** Takes the innermost address off the stack at `words`, which is not empty. Loses r1. */
export function takeTip(tip: Tip | undefined, words: Register, bytes: Register): Block {
  if (tip === undefined) return [];
  return [load(8, r1, words, 0), store(8, fp, tip, r1), add(words, WORD), sub(bytes, WORD)];
}

function countLoss({ losses }: StackStore, reason: keyof StackLosses): Block {
  return [loadMapValue(r1, losses), mov(r2, 1), atomicAdd(8, r1, Losses.offsets[reason], r2)];
}

function countTruncated(to: StackStore, bytes: Register): Block {
  const whole = label("whole");
  return [jump.lt(bytes, BYTES, whole), countLoss(to, "truncated"), whole];
}

/** 2^64 divided by the golden ratio, made odd: the multiplier of Fibonacci hashing. */
export const HASH_MULTIPLIER = 0x9e3779b97f4a7c15n;

/** r0 = an id made of the `bytes` at `words`. Loses r1–r4. */
function hashOf(words: Register, bytes: Register): Block {
  const [next, end] = [label("next_frame"), label("hashed")];
  return [
    [mov(r0, 0), mov(r1, 0), loadImm64(r2, HASH_MULTIPLIER)],
    // The second bound is for the verifier, which does not know the first.
    [next, jump.ge(r1, bytes, end), jump.ge(r1, BYTES, end)],
    [mov(r3, words), add(r3, r1), load(8, r4, r3, 0), xor(r0, r4), mul(r0, r2)],
    [mov(r4, r0), rsh(r4, 32), xor(r0, r4), add(r1, 8), jump.always(next)],
    [end, loadImm64(r1, REAL), or(r0, r1)],
  ];
}

/** A stack that is complete, with two zeros behind it. */
export interface WholeStack {
  readonly words: Register;
  /** Has the number of its bytes, and gets the id. */
  readonly id: Register;
  /** TURN_SLOT + 8 bytes end at `at + 8`, in which `findMap` has left what it found. */
  readonly at: number;
  readonly kept: Label;
  /** Puts zeros behind it up to MAX_DEPTH words, if there are others. Loses r0–r5. */
  readonly zeroRest?: Block;
}

/** Keeps a stack and goes on or to `kept`. Loses r0–r5. */
export function keepStack(to: StackStore, stack: WholeStack): Block {
  const { words, id, at } = stack;
  return [[hashOf(words, id), store(8, fp, at, r0), mov(id, r0)], keep(to, stack)];
}

/** Puts the stack at `words` under the id at `fp + at` unless it is there. `id` becomes the reason where it cannot. */
function keep(to: StackStore, { words, id, at, kept, zeroRest = [] }: WholeStack): Block {
  const [known, collides] = [label("known"), label("collides")];
  const stacks = loadFoundMap(to.stacks, at - TURN_SLOT);
  return [
    [stacks, stackAddress(r2, at), call(helper.mapLookupElem), jump.ne(r0, 0, known)],
    [zeroRest, stacks, stackAddress(r2, at), mov(r3, words), mov(r4, MapUpdate.BPF_NOEXIST)],
    [call(helper.mapUpdateElem), jump32.eq(r0, 0, kept), jump32.eq(r0, -errno.EEXIST, kept)],
    [countLoss(to, "stacksFull"), mov(id, Number(StackId.full)), jump.always(kept)],
    known,
    [load(8, r1, r0, 0), load(8, r2, words, 0), jump.ne(r1, r2, collides)],
    [load(8, r1, r0, 8), load(8, r2, words, 8), jump.eq(r1, r2, kept)],
    [collides, countLoss(to, "collisions"), mov(id, Number(StackId.collision))],
  ];
}

/** What has gone wrong so far. */
export function readStackLosses({ losses }: StackStore, session: Session): StackLosses {
  return session.mappedArray(losses).get(0);
}
