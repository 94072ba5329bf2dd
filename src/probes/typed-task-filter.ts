/** The common filters on a task that is not the current one: a program has a typed pointer to it. Pure. */
import { add, mov } from "../asm/alu";
import { helper } from "../asm/helper-ids";
import { type Block, type Label, label } from "../asm/instruction";
import { call, jump, jump32 } from "../asm/jump";
import { keepComm, keepOnly } from "../asm/macros/filter";
import { stackAddress } from "../asm/macros/map";
import { COMM_SIZE } from "../asm/macros/stack";
import { load, loadImm64, store } from "../asm/memory";
import { fp, type Register, r1, r2, r3 } from "../asm/register";
import type { Btf } from "../bpf/btf/btf";
import { userOf, writeProcessName } from "./exec-key";
import { type OwnNamespace, shownProcess } from "./shown-process";
import type { TaskFilter } from "./task-filter";

/** Where a filter looks, and what it may use. */
export interface TypedTask {
  /** A register with a pointer of type task_struct. */
  readonly task: Register;
  /** Our own PID namespace: ids are meant as numbered there. */
  readonly namespace: OwnNamespace | undefined;
  /** The id of the filter's cgroup. */
  readonly cgroup: bigint | undefined;
  /** A register to use, one that calls keep. */
  readonly spare: Register;
  /** End of 16 bytes of the stack. */
  readonly stack: number;
}

/** Goes to `drop` unless the task passes; processors do not matter to it. Loses r0–r5. */
export function keepTypedTask(btf: Btf, { pids, uid, comm }: TaskFilter, of: TypedTask, drop: Label): Block {
  const { task, namespace, cgroup, stack } = of;
  const at = stack - COMM_SIZE;
  return [
    pids === undefined ? [] : [shownProcess(btf, namespace, task, stack), keepOnly(r1, pids, drop)],
    uid === undefined ? [] : [userOf(btf, task, r1), jump32.ne(r1, uid, drop)],
    comm === undefined ? [] : [mov(r3, task), writeProcessName(btf, fp, at), keepComm(fp, at, comm, drop)],
    cgroup === undefined ? [] : keepBelow(btf, of, cgroup, drop),
  ];
}

/** Deeper than any tree of cgroups that there is. */
const MOST_LEVELS = 64;

/**
 * Goes to `drop` unless the task's cgroup is the one of that id or lies below it. Walks up the tree: in a cgroup
 * namespace nobody can tell how deep the cgroup lies. A cgroup begins with its own css.
 */
function keepBelow(btf: Btf, { task, spare, stack }: TypedTask, id: bigint, drop: Label): Block {
  const offset = (type: string, member: string) => btf.requireMember(type, member).offset;
  const [cgroup, found] = [stack - 8, stack - 16];
  const again = label("next_cgroup");
  const inside = label("in_cgroup");
  const follow = (to: number, from: number, at: number): Block => [
    [load(8, r3, fp, from), add(r3, at), stackAddress(r1, to), mov(r2, 8), call(helper.probeReadKernel)],
  ];
  return [
    [load(8, r1, task, offset("task_struct", "cgroups")), load(8, r1, r1, offset("css_set", "dfl_cgrp"))],
    [store(8, fp, cgroup, r1), mov(spare, 0), again],
    [follow(found, cgroup, offset("cgroup", "kn")), follow(found, found, offset("kernfs_node", "id"))],
    [load(8, r1, fp, found), loadImm64(r2, id), jump.eq(r1, r2, inside)],
    [follow(cgroup, cgroup, offset("cgroup", "self.parent")), load(8, r1, fp, cgroup), jump.eq(r1, 0, drop)],
    [add(spare, 1), jump.lt(spare, MOST_LEVELS, again), jump.always(drop)],
    inside,
  ];
}
