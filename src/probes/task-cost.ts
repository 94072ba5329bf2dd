/**
 * What a task has cost so far, out of the kernel's own accounting, and how a program charges it to a group: the
 * difference to what was charged before. sum_exec_runtime is exact; utime and stime are what the clock tick happened
 * to see, so they only tell how to divide it, as the kernel itself does (kernel/sched/cputime.c). Pure.
 */
import { mov, sub } from "../asm/alu";
import { atomicAdd, atomicExchange } from "../asm/atomic";
import { type Block, type Instruction, label } from "../asm/instruction";
import { jump } from "../asm/jump";
import { load, store } from "../asm/memory";
import { type Register, r1, r2 } from "../asm/register";
import type { Btf } from "../bpf/btf/btf";
import type { MemberPlace } from "../bpf/btf/member";

/** Figures that every thread has, and where. The last ones only where the kernel was built to keep them. */
const MEMBERS = {
  cpuNs: "se.sum_exec_runtime",
  userNs: "utime",
  systemNs: "stime",
  voluntarySwitches: "nvcsw",
  involuntarySwitches: "nivcsw",
  minorFaults: "min_flt",
  majorFaults: "maj_flt",
  runQueueNs: "sched_info.run_delay",
  readBytes: "ioac.read_bytes",
  writtenBytes: "ioac.write_bytes",
} as const;

export type TaskFigure = keyof typeof MEMBERS;
export const taskFigures = Object.keys(MEMBERS) as readonly TaskFigure[];

const WORD = 8;

/** Bytes of what was charged of a task: a word for each figure. */
export const CHARGED_SIZE = taskFigures.length * WORD;

/** Where a task keeps the figure; undefined where this kernel keeps none. */
export function memberOf(btf: Btf, figure: TaskFigure): MemberPlace | undefined {
  return btf.member("task_struct", MEMBERS[figure]);
}

/** `dst` = the figure as the task has it now. */
function read(btf: Btf, dst: Register, task: Register, figure: TaskFigure): Instruction {
  const place = memberOf(btf, figure);
  return place === undefined ? mov(dst, 0) : load(place.size as 4 | 8, dst, task, place.offset);
}

/** Notes that all a task has cost so far is charged. Loses r1. */
export function noteCharged(btf: Btf, task: Register, charged: Register): Block {
  return taskFigures.map((figure, i) => [read(btf, r1, task, figure), store(8, charged, i * WORD, r1)]);
}

/**
 * Charges what a task has cost since `charged` to the words at `group + at`. Who charges the same task at the same
 * time takes its part only: the words are exchanged, where the kernel can (since Linux 5.12). Loses r1 and r2.
 */
export function charge(
  btf: Btf,
  task: Register,
  charged: Register,
  group: Register,
  at: number,
  exchanges: boolean,
): Block {
  return taskFigures.map((figure, i) => {
    const before: Block = exchanges
      ? [mov(r2, r1), atomicExchange(8, charged, i * WORD, r2)]
      : [load(8, r2, charged, i * WORD), store(8, charged, i * WORD, r1)];
    return [read(btf, r1, task, figure), before, sub(r1, r2), atomicAdd(8, group, at + i * WORD, r1)];
  });
}

/** `*(u64 *)(base + at) += 1`, or whatever is in r1. Loses r1. */
export function count(base: Register, at: number, by: number | "r1" = 1): Block {
  return [by === "r1" ? [] : mov(r1, by), atomicAdd(8, base, at, r1)];
}

/** `dst` = how the process of a task ended, as wait(2) tells it. Loses r1. */
export function exitStatus(btf: Btf, task: Register, dst: Register): Block {
  const offset = (type: string, member: string) => btf.requireMember(type, member).offset;
  const whole = label("group_exit");
  const done = label("status");
  return [
    load(8, r1, task, offset("task_struct", "signal")),
    [load(4, dst, r1, offset("signal_struct", "flags")), jump.set(dst, SIGNAL_GROUP_EXIT, whole)],
    load(8, r1, task, offset("task_struct", "group_leader")),
    [load(4, dst, r1, offset("task_struct", "exit_code")), jump.always(done)],
    [whole, load(4, dst, r1, offset("signal_struct", "group_exit_code"))],
    done,
  ];
}

/** include/linux/sched/signal.h */
const SIGNAL_GROUP_EXIT = 4;
