/** sched_process_fork: a thread or process goes on in the group of the one that started it. */
import { add, mov, sub } from "../../asm/alu";
import { helper } from "../../asm/helper-ids";
import { label } from "../../asm/instruction";
import { call, exit, jump, jump32 } from "../../asm/jump";
import { stackAddress } from "../../asm/macros/map";
import { load, loadMap, store } from "../../asm/memory";
import { fp, r0, r1, r2, r3, r4, r6, r7, r8, r9 } from "../../asm/register";
import type { ProgramSpec } from "../../bpf/program-spec";
import { MapUpdate } from "../../core/bpf-uapi";
import { countLoss, GroupWord, placeInGroups } from "../../probes/exec-groups";
import { copyBytes, writeProcessName, zeroBytes } from "../../probes/exec-key";
import { shownProcess } from "../../probes/shown-process";
import { count } from "../../probes/task-cost";
import {
  begins,
  KEY_AT,
  type Layout,
  loadScratch,
  loadState,
  offsetOf,
  putName,
  REST,
  roundUp,
  TASK,
  WORD,
} from "./layout";

export function onFork(layout: Layout): ProgramSpec {
  const { options, btf, namespace, codec, groups, tasks } = layout;
  const done = label("done");
  const thread = label("thread");
  const full = label("full");
  const noParent = label("no_parent_group");
  const ours = label("own_thread");
  const pid = offsetOf(btf, "task_struct", "pid");
  const tgid = offsetOf(btf, "task_struct", "tgid");
  const has = (field: "pid" | "ppid" | "parent") => field in codec.fields;
  // Only this process was asked for, not its children.
  const onlyItself = options.filter.pids !== undefined && !options.follow;
  return {
    name: "fork",
    // The context is (parent, child).
    hook: { kind: "btf-raw-tracepoint", name: "sched_process_fork" },
    code: [
      [load(8, r6, r1, 0), load(8, r7, r1, 8), loadState(layout, r6, done)],
      onlyItself
        ? [
            [load(4, r1, r6, tgid), load(4, r2, r7, tgid), jump.eq(r1, r2, ours)],
            [placeInGroups(groups, r8, KEY_AT, r6, done), count(r6, GroupWord.forks * WORD)],
            [jump.always(done), ours],
          ]
        : [],
      loadScratch(layout, done),
      copyBytes(mov(r1, r9), roundUp(codec.size), [mov(r3, r8), add(r3, KEY_AT)]),
      zeroBytes([mov(r1, r9), sub(r1, KEY_AT)], KEY_AT),
      [load(4, r1, r7, tgid), load(4, r2, r7, pid), jump.ne(r1, r2, thread)],
      has("pid")
        ? [shownProcess(btf, namespace, r7, REST), store(4, r9, codec.offsets.pid as number, r1)]
        : [],
      has("ppid")
        ? [shownProcess(btf, namespace, r6, REST), store(4, r9, codec.offsets.ppid as number, r1)]
        : [],
      has("parent") ? [mov(r3, r6), writeProcessName(btf, r9, codec.offsets.parent as number)] : [],
      thread,
      [store(8, fp, TASK, r7), loadMap(r1, tasks), stackAddress(r2, TASK), mov(r3, r9), sub(r3, KEY_AT)],
      [mov(r4, MapUpdate.BPF_ANY), call(helper.mapUpdateElem), jump32.ne(r0, 0, full)],
      [load(4, r1, r7, tgid), load(4, r2, r7, pid), jump.ne(r1, r2, done)],
      [placeInGroups(groups, r8, KEY_AT, r6, noParent), count(r6, GroupWord.forks * WORD), noParent],
      [placeInGroups(groups, r9, 0, r6, done), begins(r6), putName(layout, r7, r6), jump.always(done)],
      [full, countLoss(groups, "tasksFull")],
      [done, mov(r0, 0), exit()],
    ],
  };
}
