/**
 * The system call each thread is in: written at sys_enter, taken at sys_exit, readable at any time. Pure.
 *
 * A thread is known by the place of its registers on its kernel stack, which both tracepoints hand over: no
 * helper is called for it. A table in mapped memory, indexed by that address, takes a few instructions where
 * a hash map takes two look-ups and a delete. A thread keeps its place in the table for its next call; a
 * second thread whose address leads to the same place goes to a hash map beside the table.
 *
 * Every call but exit and exit_group returns through sys_exit, also when the thread is killed in it. So those
 * two are not noted, and nothing is left behind when a thread ends and another gets its stack.
 */
import { add, and, lsh, mov, rsh, sub } from "../asm/alu";
import { atomicAdd } from "../asm/atomic";
import { type Block, type Label, label } from "../asm/instruction";
import { jump, jump32 } from "../asm/jump";
import { lookup, remove, update } from "../asm/macros/map";
import { storeStruct } from "../asm/macros/stack";
import { load, loadMapValue, store } from "../asm/memory";
import { fp, type Register, r0, r1, r2 } from "../asm/register";
import { hashMap, type MapSpec, mappableArray } from "../bpf/map-spec";
import type { Session } from "../bpf/session";
import { bytes, count64, type Decoded, i32, struct, u32, u64 } from "../core/codec";
import { type Abi, compatAbis } from "../symbols/syscalls";
import { type RegisterFacts, typedRegisters } from "./syscall-registers";

/** A call in progress, as it lies in the table. `startNs` 0 means none. */
export const ThreadCall = struct({
  /** The thread, as `threadIdentity` gives it. 0: nobody has this place yet. */
  owner: u64,
  /** CLOCK_MONOTONIC at entry, or 1 where nobody asked for times. */
  startNs: count64,
  number: i32,
  abi: u32,
  /** Process and thread in our own PID namespace, where somebody asked for them. */
  pid: u32,
  tid: u32,
});
export type ThreadCallValue = Decoded<typeof ThreadCall>;

/** Places in the table. */
const PLACES = 1 << 16;
const PLACE_SHIFT = Math.log2(ThreadCall.size);
/** Kernel stacks are at least 16 KiB and aligned to their size: THREAD_SIZE on x86-64 and arm64. */
const STACK_SHIFT = 14;
/** Threads that may share a place with another at the same time. */
const PARKED = 8192;

const at = ThreadCall.offsets;

/** The table: one value, all places in it. */
const threadCalls = mappableArray("thread_calls", bytes(PLACES * ThreadCall.size), 1);
/** Calls of threads whose place another thread has. */
const parkedCalls = hashMap("parked_calls", { key: u64, value: ThreadCall, maxEntries: PARKED });
/** Calls that found no place anywhere. */
const callLosses = mappableArray("call_losses", count64, 1);

export const threadCallMaps: readonly MapSpec[] = [threadCalls, parkedCalls, callLosses] as MapSpec[];

/** Bytes of the stack these blocks need below `stack`: a ThreadCall and a key. */
export const THREAD_CALL_STACK = ThreadCall.size + 8;

/** exit and exit_group by ABI. arm32 has no table: arch/arm/tools/syscall.tbl */
const NEVER_RETURN: Readonly<Record<Abi, readonly number[]>> = {
  "x86-64": [60, 231],
  i386: [1, 252],
  x32: [60, 231],
  arm64: [93, 94],
  arm32: [1, 248],
};

/**
 * `dst` = what the current thread is known by, at `syscallHook` of either name. A typed pointer becomes a number
 * as its distance from another one, which the verifier lets pass. Loses r1.
 */
export function threadIdentity(facts: RegisterFacts, dst: Register, ctx: Register): Block {
  const isTyped = typedRegisters(facts) !== undefined;
  return [load(8, dst, ctx, 0), isTyped ? [loadMapValue(r1, threadCalls), sub(dst, r1)] : []];
}

/** `place` = address of the place of the thread `owner`. Loses r1. */
function placeOf(place: Register, owner: Register): Block {
  return [
    [mov(r1, owner), rsh(r1, STACK_SHIFT), and(r1, PLACES - 1), lsh(r1, PLACE_SHIFT)],
    [loadMapValue(place, threadCalls), add(place, r1)],
  ];
}

/** Goes to `target` for the calls that never return. */
function skipFinalCalls(native: Abi, number: Register, abi: Register, target: Label): Block {
  const others = label("returning_call");
  return [
    [native, ...compatAbis(native)].map((name, code) => {
      const next = label("next_abi");
      const final = NEVER_RETURN[name].map((one) => jump32.eq(number, one, target));
      return [jump.ne(abi, code, next), final, jump.always(others), next];
    }),
    others,
  ];
}

export interface EnterFields {
  readonly number: Register;
  readonly abi: Register;
  /** CLOCK_MONOTONIC now, or an immediate 1. */
  readonly startNs: Register | number;
  readonly pid?: Register;
  readonly tid?: Register;
}

/**
 * Notes that the thread `owner` enters a call. `place` is a register to use; `stack` names the end of
 * THREAD_CALL_STACK bytes. Loses r0–r5.
 */
export function enterCall(
  native: Abi,
  owner: Register,
  fields: EnterFields,
  place: Register,
  stack: number,
): Block {
  const mine = label("my_place");
  const parked = label("park");
  const done = label("entered");
  const record = stack - ThreadCall.size;
  const key = record - 8;
  const values = { owner, ...fields };
  return [
    skipFinalCalls(native, fields.number, fields.abi, done),
    placeOf(place, owner),
    [load(8, r1, place, at.owner), jump.eq(r1, owner, mine), jump.ne(r1, 0, parked)],
    mine,
    [storeStruct(ThreadCall, place, 0, values), jump.always(done)],
    parked,
    storeStruct(ThreadCall, fp, record, values),
    [store(8, fp, key, owner), update(parkedCalls, key, record), jump32.eq(r0, 0, done)],
    [loadMapValue(r1, callLosses), mov(r2, 1), atomicAdd(8, r1, 0, r2)],
    done,
  ];
}

/** What `exitCall` finds out, in registers that calls keep. `startNs` may be the owner's register. */
export interface ExitRegisters {
  readonly number: Register;
  readonly abi: Register;
  readonly startNs: Register;
}

/**
 * Takes the call that the thread `owner` returns from. Goes to `none` if it entered before the tracing began or
 * was filtered out. `place` is a register to use. Loses r0–r5.
 */
export function exitCall(
  owner: Register,
  into: ExitRegisters,
  place: Register,
  stack: number,
  none: Label,
): Block {
  const elsewhere = label("parked");
  const taken = label("taken");
  const key = stack - 8;
  const take: Block = [
    [load(8, into.startNs, place, at.startNs), jump.eq(into.startNs, 0, none)],
    [load(4, into.number, place, at.number), load(4, into.abi, place, at.abi)],
  ];
  return [
    placeOf(place, owner),
    [load(8, r1, place, at.owner), jump.ne(r1, owner, elsewhere)],
    [take, store(8, place, at.startNs, 0), jump.always(taken)],
    elsewhere,
    [store(8, fp, key, owner), lookup(parkedCalls, key), jump.eq(r0, 0, none), mov(place, r0)],
    [take, remove(parkedCalls, key)],
    taken,
  ];
}

/** The calls in progress, in no order. */
export function callsInProgress(session: Session): ThreadCallValue[] {
  const table = session.mappedArray(threadCalls).view;
  const calls: ThreadCallValue[] = session
    .map(parkedCalls)
    .entries()
    .map(([, call]) => call);
  for (let place = 0; place < table.byteLength; place += ThreadCall.size)
    if (table.getBigUint64(place + at.startNs, true) !== 0n) calls.push(ThreadCall.decode(table, place));
  return calls.filter(({ startNs }) => startNs !== 0);
}

/** How many calls could not be followed to their end because there was no place for them. */
export function lostCalls(session: Session): number {
  return session.mappedArray(callLosses).get(0);
}
