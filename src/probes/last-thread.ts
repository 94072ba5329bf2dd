/** Which thread's end is the end of its process, at sched_process_exit. Pure. */
import { add, and, mov } from "../asm/alu";
import { helper } from "../asm/helper-ids";
import type { Block, Label } from "../asm/instruction";
import { call, jump, jump32 } from "../asm/jump";
import { stackAddress } from "../asm/macros/map";
import { load, loadMap, store } from "../asm/memory";
import { fp, type Register, r0, r1, r2, r3, r4 } from "../asm/register";
import type { Btf } from "../bpf/btf/btf";
import { lruHashMap, type MapSpec } from "../bpf/map-spec";
import { MapUpdate } from "../core/bpf-uapi";
import { u32, u64 } from "../core/codec";

/** Processes that have just ended, for kernels whose tracepoint does not tell which thread was the last. */
const ended = lruHashMap("ended", { key: u64, value: u32, maxEntries: 4096 });

/** True where the tracepoint says it: `bool group_dead`, its second argument. */
export function tellsLastThread(btf: Btf): boolean {
  return (btf.rawTracepoint("sched_process_exit")?.params.length ?? 0) > 1;
}

/** The maps that `keepLastThread` needs. */
export function lastThreadMaps(btf: Btf): MapSpec[] {
  return tellsLastThread(btf) ? [] : [ended as MapSpec];
}

/**
 * Goes to `drop` unless `task` (typed) leaves no other thread of its process. `groupDead` holds the second word of
 * the context where `tellsLastThread`. Several threads may find none left: the first of them is taken for the last.
 * `stack` names the end of 16 bytes. Loses r0–r5.
 */
export function keepLastThread(
  btf: Btf,
  task: Register,
  groupDead: Register,
  stack: number,
  drop: Label,
): Block {
  if (tellsLastThread(btf)) return [and(groupDead, 1), jump.eq(groupDead, 0, drop)];
  const offset = (type: string, member: string) => btf.requireMember(type, member).offset;
  const [process, one] = [stack - 8, stack - 16];
  return [
    [load(8, r1, task, offset("task_struct", "signal"))],
    [load(4, r2, r1, offset("signal_struct", "live.counter")), jump32.ne(r2, 0, drop)],
    // What no other process has: a number may come back, the time does not.
    [load(8, r1, task, offset("task_struct", "group_leader"))],
    [load(8, r1, r1, offset("task_struct", "start_time")), load(4, r2, task, offset("task_struct", "tgid"))],
    [add(r1, r2), store(8, fp, process, r1), store(8, fp, one, 1)],
    [loadMap(r1, ended), stackAddress(r2, process), stackAddress(r3, one), mov(r4, MapUpdate.BPF_NOEXIST)],
    [call(helper.mapUpdateElem), jump32.ne(r0, 0, drop)],
  ];
}
