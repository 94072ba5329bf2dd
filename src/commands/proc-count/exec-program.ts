/** sched_process_exec: an execution is counted; what the task has cost until now belongs to the group it leaves. */
import { add, mov, sub } from "../../asm/alu";
import { helper } from "../../asm/helper-ids";
import { type Block, type Label, label } from "../../asm/instruction";
import { call, exit, jump } from "../../asm/jump";
import { lookup, remove, stackAddress } from "../../asm/macros/map";
import { load, loadMap, store } from "../../asm/memory";
import { fp, r0, r1, r2, r3, r4, r6, r7, r8, r9 } from "../../asm/register";
import type { ProgramSpec } from "../../bpf/program-spec";
import { MapUpdate } from "../../core/bpf-uapi";
import { keepDescendants } from "../../probes/descendants";
import { countLoss, GroupWord, placeInGroups } from "../../probes/exec-groups";
import { copyBytes } from "../../probes/exec-key";
import { count, noteCharged } from "../../probes/task-cost";
import { keepTask, TASK_FILTER_STACK } from "../../probes/task-filter";
import {
  begins,
  chargeState,
  ends,
  KEY_AT,
  type Layout,
  loadScratch,
  loadState,
  putName,
  REST,
  roundUp,
  TASK,
  WORD,
  writeKey,
} from "./layout";

export function onExec(layout: Layout): ProgramSpec {
  const { options, facts, groups, tasks } = layout;
  const { follow, filter, cost } = options;
  const leave = label("leave");
  const none = label("no_room");
  const done = label("done");
  // The verifier refuses what cannot be reached.
  const mayLeave = follow || Object.values(filter).some((wanted) => wanted !== undefined);
  return {
    name: "exec",
    // The context is (task, old pid, binprm).
    hook: { kind: "btf-raw-tracepoint", name: "sched_process_exec" },
    code: [
      load(8, r6, r1, 0),
      follow ? keepDescendants(leave) : keepTask(filter, facts.pidNamespace, REST - TASK_FILTER_STACK, leave),
      [loadScratch(layout, done), writeKey(layout, true)],
      cost ? leaveGroup(layout) : [],
      placeInGroups(groups, r9, 0, r7, none),
      [count(r7, GroupWord.execs * WORD), putName(layout, r6, r7)],
      cost ? [begins(r7), enterGroup(layout, none)] : [],
      done,
      [mov(r0, 0), exit()],
      cost && mayLeave ? [leave, leaveGroup(layout)] : [],
      [none, ...(cost ? [store(8, fp, TASK, r6), remove(tasks, TASK)] : [])],
      cost || !mayLeave ? [] : leave,
      [mov(r0, 0), exit()],
    ],
  };
}

/** r8 = the new state of the task: all it has cost belongs to somebody else. */
function enterGroup({ btf, codec, groups, tasks }: Layout, full: Label): Block {
  const known = label("has_state");
  const noState = label("no_state");
  const entered = label("entered");
  return [
    [jump.ne(r8, 0, known), mov(r3, r9), sub(r3, KEY_AT)],
    [loadMap(r1, tasks), stackAddress(r2, TASK), mov(r4, MapUpdate.BPF_ANY), call(helper.mapUpdateElem)],
    [lookup(tasks, TASK), mov(r8, r0), jump.eq(r8, 0, noState)],
    known,
    copyBytes([mov(r1, r8), add(r1, KEY_AT)], roundUp(codec.size), mov(r3, r9)),
    [noteCharged(btf, r6, r8), jump.always(entered)],
    [noState, countLoss(groups, "tasksFull"), ends(r7), jump.always(full)],
    entered,
  ];
}

/** Charges what the task has cost until now; r8 = its state, or 0. */
function leaveGroup(of: Layout): Block {
  const noState = label("was_unknown");
  const left = label("left");
  return [
    [mov(r8, 0), loadState(of, r6, noState)],
    [chargeState(of, left), ends(r7), jump.always(left)],
    [noState, mov(r8, 0)],
    left,
  ];
}
