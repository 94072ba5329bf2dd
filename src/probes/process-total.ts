/** What a process has cost in all, as its last thread leaves: its own figures and those of the threads before. Pure. */
import { add, mov } from "../asm/alu";
import { type Block, label } from "../asm/instruction";
import { jump } from "../asm/jump";
import { load, store } from "../asm/memory";
import { type Register, r1, r2, r3 } from "../asm/register";
import type { Btf } from "../bpf/btf/btf";
import { memberOf, type TaskFigure, taskFigures } from "./task-cost";

/** Where signal_struct sums up the threads that are gone; the time they waited it does not. */
const SUMS: Readonly<Record<TaskFigure, string | undefined>> = {
  cpuNs: "sum_sched_runtime",
  userNs: "utime",
  systemNs: "stime",
  voluntarySwitches: "nvcsw",
  involuntarySwitches: "nivcsw",
  minorFaults: "min_flt",
  majorFaults: "maj_flt",
  runQueueNs: undefined,
  readBytes: "ioac.read_bytes",
  writtenBytes: "ioac.write_bytes",
};

/**
 * Writes the figures of the process of `task` (typed), a word each, to `base + at`. Where its parent has taken the
 * account already, the task itself is part of the sums. Loses r1–r3.
 */
export function writeProcessTotal(btf: Btf, task: Register, base: Register, at: number): Block {
  const signal = btf.requireMember("task_struct", "signal").offset;
  const sighand = btf.requireMember("task_struct", "sighand").offset;
  const alone = label("not_accounted");
  const done = label("total");
  const sums = taskFigures.map((figure, i): Block => {
    const place = SUMS[figure] === undefined ? undefined : btf.member("signal_struct", SUMS[figure]);
    return [
      place === undefined ? mov(r2, 0) : load(place.size as 4 | 8, r2, r1, place.offset),
      store(8, base, at + i * 8, r2),
    ];
  });
  const own = taskFigures.map((figure, i): Block => {
    const place = memberOf(btf, figure);
    if (place === undefined) return [];
    return [
      [load(place.size as 4 | 8, r2, task, place.offset), load(8, r3, base, at + i * 8)],
      [add(r2, r3), store(8, base, at + i * 8, r2)],
    ];
  });
  return [
    [load(8, r1, task, signal), sums],
    [load(8, r1, task, sighand), jump.ne(r1, 0, alone), jump.always(done)],
    [alone, own],
    done,
  ];
}
