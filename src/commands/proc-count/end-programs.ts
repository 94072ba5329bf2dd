/** How a thread ends: sched_process_exit tells how, its last sched_switch what it has cost. */
import { add, and, lsh, mov, rsh } from "../../asm/alu";
import { atomicAdd } from "../../asm/atomic";
import { label } from "../../asm/instruction";
import { exit, jump } from "../../asm/jump";
import { remove } from "../../asm/macros/map";
import { load, loadMapValue, store } from "../../asm/memory";
import { r0, r1, r2, r3, r6, r7, r8, r9 } from "../../asm/register";
import type { ProgramSpec } from "../../bpf/program-spec";
import { GroupWord, placeInGroups, SIGNALS } from "../../probes/exec-groups";
import { keepLastThread, tellsLastThread } from "../../probes/last-thread";
import { maxRssAtExit } from "../../probes/resident-memory";
import { count, exitStatus } from "../../probes/task-cost";
import {
  chargeState,
  ends,
  KEY_AT,
  LAST_AT,
  type Layout,
  loadState,
  REST,
  raiseMaxRss,
  TASK,
  WORD,
} from "./layout";

export function onExit(layout: Layout): ProgramSpec {
  const { btf, groups, pending } = layout;
  const done = label("done");
  const exited = label("exited");
  const status = label("counted");
  const known = label("known_signal");
  return {
    name: "exit",
    // The context is (task) or, on later kernels, (task, group_dead).
    hook: { kind: "btf-raw-tracepoint", name: "sched_process_exit" },
    code: [
      [load(8, r6, r1, 0), tellsLastThread(btf) ? load(8, r7, r1, 8) : []],
      [loadState(layout, r6, done), loadMapValue(r1, pending), mov(r2, 1), atomicAdd(8, r1, 0, r2)],
      keepLastThread(btf, r6, r7, REST, done),
      [placeInGroups(groups, r8, KEY_AT, r7, done), count(r7, GroupWord.exits * WORD)],
      [mov(r1, 1), store(8, r8, LAST_AT, r1)],
      [exitStatus(btf, r6, r2), mov(r3, r2), and(r3, 0x7f), jump.eq(r3, 0, exited)],
      [count(r7, GroupWord.signaled * WORD), jump.lt(r3, SIGNALS, known), mov(r3, 0)],
      [known, lsh(r3, 3), add(r3, r7)],
      [count(r3, GroupWord.signals * WORD), jump.always(status)],
      [exited, rsh(r2, 8), and(r2, 0xff), jump.eq(r2, 0, status), count(r7, GroupWord.failed * WORD)],
      status,
      maxRssAtExit(btf, { task: r6, spare: [r8, r9], stack: REST }),
      raiseMaxRss(layout),
      [done, mov(r0, 0), exit()],
    ],
  };
}

/** include/linux/sched.h */
const TASK_DEAD = 0x80;

/** The dead thread's last switch: nothing can be added to what it cost. With the last thread its process ends. */
export function onSwitch(layout: Layout): ProgramSpec {
  const { btf, tasks, pending } = layout;
  const done = label("done");
  const none = label("no_group");
  const state = btf.member("task_struct", "__state") ?? btf.requireMember("task_struct", "state");
  return {
    name: "switch",
    // The context is (preempt, previous task, next task, …).
    hook: { kind: "btf-raw-tracepoint", name: "sched_switch" },
    code: [
      [load(8, r6, r1, 8), load(state.size as 4 | 8, r1, r6, state.offset)],
      [and(r1, TASK_DEAD), jump.eq(r1, 0, done), loadState(layout, r6, done), chargeState(layout, none)],
      [load(8, r1, r8, LAST_AT), jump.eq(r1, 0, none), ends(r7)],
      [none, remove(tasks, TASK), loadMapValue(r1, pending), mov(r2, -1), atomicAdd(8, r1, 0, r2)],
      [done, mov(r0, 0), exit()],
    ],
  };
}
