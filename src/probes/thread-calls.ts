/**
 * The system call each thread is in: written at sys_enter, taken at sys_exit, readable at any time. Pure.
 *
 * A table in mapped memory, indexed by the low bits of the thread id, costs a few instructions where a hash
 * map costs two look-ups and a delete. A thread claims its place at its first call and gives it up when it
 * exits. A second living thread with the same low bits goes to a hash map beside the table.
 */
import { add, and, lsh, mov, mov32 } from "../asm/alu";
import { atomicAdd } from "../asm/atomic";
import { type Block, type Label, label } from "../asm/instruction";
import { exit, jump, jump32 } from "../asm/jump";
import { lookup, remove, update } from "../asm/macros/map";
import { storeStruct } from "../asm/macros/stack";
import { load, loadMapValue, store } from "../asm/memory";
import { fp, type Register, r0, r1, r2, r6, r7, r8, r9 } from "../asm/register";
import { hashMap, type MapSpec, mappableArray } from "../bpf/map-spec";
import type { ProgramSpec } from "../bpf/program-spec";
import type { Session } from "../bpf/session";
import { bytes, count64, type Decoded, i32, struct, u32 } from "../core/codec";
import { kernelIds } from "./current-task";

/** A call in progress, as it lies in the table. `startNs` 0 means none. */
export const ThreadCall = struct({
  /** The thread's id as the kernel numbers it: the owner of the place. 0: free. */
  owner: u32,
  number: i32,
  /** CLOCK_MONOTONIC at entry, or 1 where nobody asked for times. */
  startNs: count64,
  abi: u32,
  /** Process and thread in our own PID namespace. */
  pid: u32,
  tid: u32,
  unused: u32,
});

export type ThreadCallValue = Decoded<typeof ThreadCall>;

/** Places in the table. */
const PLACES = 1 << 16;
const PLACE_SHIFT = Math.log2(ThreadCall.size);
/** Threads that may share a place with another at the same time. */
const PARKED = 8192;

const at = ThreadCall.offsets;

/** The table: one value, all places in it. */
export const threadCalls = mappableArray("thread_calls", bytes(PLACES * ThreadCall.size), 1);
/** Calls of threads whose place another thread has. */
export const parkedCalls = hashMap("parked_calls", { key: u32, value: ThreadCall, maxEntries: PARKED });

/** Calls that found no place anywhere. */
const callLosses = mappableArray("call_losses", count64, 1);

export const threadCallMaps: readonly MapSpec[] = [threadCalls, parkedCalls, callLosses] as MapSpec[];

/** Bytes of the stack these blocks need below `stack`: a ThreadCall and a key. */
export const THREAD_CALL_STACK = ThreadCall.size + 8;

/** `place` = address of the place of the thread id in `owner`. Loses r1. */
function placeOf(place: Register, owner: Register): Block {
  return [
    [mov32(r1, owner), and(r1, PLACES - 1), lsh(r1, PLACE_SHIFT)],
    [loadMapValue(place, threadCalls), add(place, r1)],
  ];
}

export interface EnterFields {
  readonly number: Register;
  readonly abi: Register;
  /** CLOCK_MONOTONIC now, or an immediate 1. */
  readonly startNs: Register | number;
  readonly pid: Register | number;
  readonly tid: Register | number;
}

/**
 * Notes that the thread `owner` (its lower 32 bits, as the kernel numbers it) enters a call. `place` is a
 * register to use; `stack` names the end of THREAD_CALL_STACK bytes. Loses r0–r5.
 */
export function enterCall(owner: Register, fields: EnterFields, place: Register, stack: number): Block {
  const mine = label("my_place");
  const parked = label("park");
  const done = label("entered");
  const record = stack - ThreadCall.size;
  const key = record - 8;
  const values = { owner, ...fields };
  return [
    placeOf(place, owner),
    [load(4, r1, place, at.owner), jump32.eq(r1, owner, mine), jump.ne(r1, 0, parked)],
    mine,
    [storeStruct(ThreadCall, place, 0, values), jump.always(done)],
    parked,
    storeStruct(ThreadCall, fp, record, values),
    [store(4, fp, key, owner), update(parkedCalls, key, record), jump32.eq(r0, 0, done)],
    [loadMapValue(r1, callLosses), mov(r2, 1), atomicAdd(8, r1, 0, r2)],
    done,
  ];
}

/** What `exitCall` finds out, in registers that calls keep. */
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
    [load(4, r1, place, at.owner), jump32.ne(r1, owner, elsewhere)],
    [take, store(8, place, at.startNs, 0), jump.always(taken)],
    elsewhere,
    [store(4, fp, key, owner), lookup(parkedCalls, key), jump.eq(r0, 0, none), mov(place, r0)],
    [take, remove(parkedCalls, key)],
    taken,
  ];
}

const KEY = -8;

/** A thread that ends gives up its place: the calls that never return are exit and exit_group. */
const onThreadExit: ProgramSpec = (() => {
  const parked = label("parked");
  const done = label("done");
  return {
    name: "thread_exit",
    hook: { kind: "raw-tracepoint", name: "sched_process_exit" },
    code: [
      [kernelIds(), mov(r7, r0), placeOf(r6, r7)],
      [load(4, r1, r6, at.owner), jump32.ne(r1, r7, parked)],
      [store(8, r6, at.startNs, 0), store(4, r6, at.owner, 0), jump.always(done)],
      [parked, store(4, fp, KEY, r7), remove(parkedCalls, KEY)],
      [done, mov(r0, 0), exit()],
    ],
  };
})();

/**
 * A thread that calls execve while others live gets the id of the first thread, so its call moves there.
 * The context is (task, old thread id, linux_binprm).
 */
const onThreadExec: ProgramSpec = (() => {
  const done = label("done");
  const moved = [at.number, at.abi, at.pid].map((field) => [load(4, r1, r8, field), store(4, r6, field, r1)]);
  return {
    name: "thread_exec",
    hook: { kind: "raw-tracepoint", name: "sched_process_exec" },
    code: [
      [load(8, r9, r1, 8), kernelIds(), mov(r7, r0), jump32.eq(r7, r9, done)],
      [placeOf(r8, r9), load(4, r1, r8, at.owner), jump32.ne(r1, r9, done)],
      [placeOf(r6, r7), moved, store(4, r6, at.tid, r1)],
      [load(8, r1, r8, at.startNs), store(8, r6, at.startNs, r1), store(4, r6, at.owner, r7)],
      [store(8, r8, at.startNs, 0), store(4, r8, at.owner, 0)],
      [done, mov(r0, 0), exit()],
    ],
  };
})();

/** What keeps the table right while threads come and go. Attach them before the programs that use it. */
export const threadCallPrograms: readonly ProgramSpec[] = [onThreadExit, onThreadExec];

/** The calls in progress, in no order. */
export function callsInProgress(session: Session): ThreadCallValue[] {
  const table = session.mappedArray(threadCalls).view;
  const calls: ThreadCallValue[] = session
    .map(parkedCalls)
    .entries()
    .map(([, call]) => call);
  for (let place = 0; place < table.byteLength; place += ThreadCall.size)
    if (table.getUint32(place + at.owner, true) !== 0) calls.push(ThreadCall.decode(table, place));
  return calls.filter(({ startNs }) => startNs !== 0);
}

/** How many calls could not be followed to their end because there was no place for them. */
export function lostCalls(session: Session): number {
  return session.mappedArray(callLosses).get(0);
}
