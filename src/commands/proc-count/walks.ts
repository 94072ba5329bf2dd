/** Walks over all threads: what runs before the measurement begins, and what still runs when it is read. */
import { and, mov, sub } from "../../asm/alu";
import { helper } from "../../asm/helper-ids";
import { type Block, type Label, label } from "../../asm/instruction";
import { call, exit, jump, jump32 } from "../../asm/jump";
import { stackAddress } from "../../asm/macros/map";
import { load, loadMap, store } from "../../asm/memory";
import { fp, r0, r1, r2, r3, r4, r6, r7, r8, r9 } from "../../asm/register";
import type { Btf } from "../../bpf/btf/btf";
import type { TaskIteratorSpec } from "../../bpf/task-iterator";
import { MapUpdate } from "../../core/bpf-uapi";
import { errno } from "../../core/errno";
import { countLoss, placeInGroups } from "../../probes/exec-groups";
import { NOT_CAPTURED, writeProcessName } from "../../probes/exec-key";
import { peakPages } from "../../probes/resident-memory";
import { noteCharged } from "../../probes/task-cost";
import { keepTypedTask } from "../../probes/typed-task-filter";
import {
  begins,
  chargeState,
  KEY_AT,
  type Layout,
  loadScratch,
  loadState,
  offsetOf,
  putName,
  REST,
  raiseMaxRss,
  TASK,
  writeKey,
} from "./layout";

/** include/linux/sched.h */
const PF_EXITING = 0x4;

/** r6 = the task of an iterator's program. Goes to `done` at the end of the walk and for those about to end. */
function iteratedTask(btf: Btf, done: Label): Block {
  return [
    [load(8, r6, r1, offsetOf(btf, "bpf_iter__task", "task")), jump.eq(r6, 0, done)],
    [load(4, r1, r6, offsetOf(btf, "task_struct", "flags")), and(r1, PF_EXITING), jump.ne(r1, 0, done)],
  ];
}

/** Takes in what runs already and passes the filters. */
export function begin(layout: Layout): TaskIteratorSpec {
  const { options, btf, namespace, codec, groups, tasks } = layout;
  const done = label("done");
  const full = label("full");
  const { args } = codec.offsets;
  const tgid = offsetOf(btf, "task_struct", "tgid");
  const wanted = { task: r6, namespace, cgroup: options.cgroup, spare: r7, stack: REST };
  const code: Block = [
    iteratedTask(btf, done),
    [load(4, r1, r6, tgid), jump32.eq(r1, options.ourselves.pid, done)],
    keepTypedTask(btf, options.filter, wanted, done),
    [loadScratch(layout, done), writeKey(layout, false)],
    // Only the name is known of what was started before.
    args === undefined
      ? []
      : [store(4, r9, args, NOT_CAPTURED), mov(r3, r6), writeProcessName(btf, r9, args + 4)],
    [mov(r8, r9), sub(r8, KEY_AT), noteCharged(btf, r6, r8), store(8, fp, TASK, r6)],
    [loadMap(r1, tasks), stackAddress(r2, TASK), mov(r3, r8), mov(r4, MapUpdate.BPF_NOEXIST)],
    [call(helper.mapUpdateElem), jump32.eq(r0, -errno.E2BIG, full), jump32.ne(r0, 0, done)],
    [load(4, r1, r6, tgid), load(4, r2, r6, offsetOf(btf, "task_struct", "pid")), jump.ne(r1, r2, done)],
    [placeInGroups(groups, r9, 0, r7, done), begins(r7), putName(layout, r6, r7), jump.always(done)],
    [full, countLoss(groups, "tasksFull")],
    [done, mov(r0, 0), exit()],
  ];
  return { name: "begin", code };
}

/** Charges what runs on. */
export function settle(layout: Layout): TaskIteratorSpec {
  const { btf } = layout;
  const done = label("done");
  const code: Block = [
    [iteratedTask(btf, done), loadState(layout, r6, done), chargeState(layout, done)],
    peakPages(btf, { task: r6, spare: [r8, r9], stack: REST }, done),
    raiseMaxRss(layout),
    [done, mov(r0, 0), exit()],
  ];
  return { name: "settle", code };
}
