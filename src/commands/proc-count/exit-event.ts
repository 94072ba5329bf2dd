/** The end of a process as an event: noted at its exit, sent at the last switch of its last thread. Pure. */
import { and, mov, sub } from "../../asm/alu";
import { helper } from "../../asm/helper-ids";
import { label } from "../../asm/instruction";
import { call, exit, jump, jump32 } from "../../asm/jump";
import { lookup, remove, update } from "../../asm/macros/map";
import { load, store } from "../../asm/memory";
import { fp, r0, r1, r2, r3, r6, r7, r8, r9 } from "../../asm/register";
import type { ProgramSpec } from "../../bpf/program-spec";
import { execKeyCodec, writeExecKey } from "../../probes/exec-key";
import { keepLastThread, tellsLastThread } from "../../probes/last-thread";
import { writeProcessTotal } from "../../probes/process-total";
import { maxRssAtExit } from "../../probes/resident-memory";
import { exitStatus } from "../../probes/task-cost";
import {
  countLost,
  Ending,
  keepCurrent,
  type Layout,
  loadScratch,
  offsetOf,
  REST,
  send,
  writeHead,
} from "./event-layout";
import { ExitPart, Head, Kind } from "./event-records";

/** Notes that a process ends; the record waits until its time is complete. */
export function onExit(layout: Layout): ProgramSpec {
  const { btf, ending, namespace } = layout;
  const done = label("done");
  const task = REST - 8;
  const value = task - Ending.size;
  const place = { task: r6, key: r9, spare: r7, room: 0, stack: value };
  const pidKey = execKeyCodec(["pid"], 8);
  return {
    name: "exit_event",
    hook: { kind: "btf-raw-tracepoint", name: "sched_process_exit" },
    code: [
      load(8, r6, r1, 0),
      tellsLastThread(btf) ? load(8, r7, r1, 8) : [],
      keepLastThread(btf, r6, r7, REST, done),
      [keepCurrent(layout, done), loadScratch(layout, 0, done)],
      writeExecKey(btf, pidKey, place, { namespace, withArgs: false }),
      [load(4, r1, r9, 0), store(8, fp, value + Ending.offsets.pid, r1)],
      maxRssAtExit(btf, { task: r6, spare: [r7, r8], stack: value }),
      [
        store(8, fp, value + Ending.offsets.maxRssPages, r2),
        store(8, fp, task, r6),
        update(ending, task, value),
      ],
      [jump32.eq(r0, 0, done), countLost(layout)],
      [done, mov(r0, 0), exit()],
    ],
  };
}

/** include/linux/sched.h */
const TASK_DEAD = 0x80;

/** The record of an end, when the time of the process is complete. */
export function onSwitch(layout: Layout): ProgramSpec {
  const { btf, ending, exitKey } = layout;
  const done = label("done");
  const state = btf.member("task_struct", "__state") ?? btf.requireMember("task_struct", "state");
  const task = REST - 8;
  const before = Head.size + ExitPart.size;
  const to = (field: keyof typeof ExitPart.fields) => Head.size + ExitPart.offsets[field] - before;
  const place = { task: r6, key: r9, spare: r7, room: 0, stack: REST - 16 };
  const leader = offsetOf(btf, "task_struct", "group_leader");
  return {
    name: "exit_switch",
    hook: { kind: "btf-raw-tracepoint", name: "sched_switch" },
    code: [
      [load(8, r6, r1, 8), load(state.size as 4 | 8, r1, r6, state.offset)],
      [and(r1, TASK_DEAD), jump.eq(r1, 0, done)],
      [store(8, fp, task, r6), lookup(ending, task), jump.eq(r0, 0, done)],
      [load(4, r8, r0, Ending.offsets.pid), load(8, r7, r0, Ending.offsets.maxRssPages)],
      [remove(ending, task), loadScratch(layout, before, done), store(8, r9, to("maxRssPages"), r7)],
      writeExecKey(btf, exitKey, place, { namespace: undefined, withArgs: false }),
      store(4, r9, exitKey.offsets.pid as number, r8),
      [writeHead(layout, Kind.exit, before, REST - 8), writeProcessTotal(btf, r6, r9, to("figures"))],
      [exitStatus(btf, r6, r2), store(4, r9, to("status"), r2), store(4, r9, to("pad"), 0)],
      [call(helper.ktimeGetNs), load(8, r1, r6, leader)],
      [
        load(8, r1, r1, offsetOf(btf, "task_struct", "start_time")),
        sub(r0, r1),
        store(8, r9, to("ageNs"), r0),
      ],
      [mov(r3, exitKey.size), send(layout, before)],
      [done, mov(r0, 0), exit()],
    ],
  };
}
