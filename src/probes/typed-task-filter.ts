/** The common filters on a task that is not the current one: a program has a typed pointer to it. Pure. */
import { add, mov } from "../asm/alu";
import { helper } from "../asm/helper-ids";
import type { Block, Label } from "../asm/instruction";
import { call, jump, jump32 } from "../asm/jump";
import { keepComm, keepOnly } from "../asm/macros/filter";
import { stackAddress } from "../asm/macros/map";
import { COMM_SIZE } from "../asm/macros/stack";
import { load, loadImm64 } from "../asm/memory";
import { fp, type Register, r1, r2, r3 } from "../asm/register";
import type { Btf } from "../bpf/btf/btf";
import { userOf } from "./exec-key";
import type { TaskFilter } from "./task-filter";

/** A cgroup by its id, and how deep it lies: what is needed to find it above others. */
export interface FilterCgroup {
  readonly id: bigint;
  readonly level: number;
}

/**
 * Goes to `drop` unless the task passes; processors do not matter to it. `stack` names the end of COMM_SIZE bytes.
 * Loses r0–r5.
 */
export function keepTypedTask(
  btf: Btf,
  { pids, uid, comm }: TaskFilter,
  task: Register,
  stack: number,
  drop: Label,
  cgroup?: FilterCgroup,
): Block {
  const offset = (type: string, member: string) => btf.requireMember(type, member).offset;
  const at = stack - COMM_SIZE;
  return [
    pids === undefined ? [] : [load(4, r1, task, offset("task_struct", "tgid")), keepOnly(r1, pids, drop)],
    uid === undefined ? [] : [userOf(btf, task, r1), jump32.ne(r1, uid, drop)],
    comm === undefined
      ? []
      : [
          [load(8, r3, task, offset("task_struct", "group_leader")), add(r3, offset("task_struct", "comm"))],
          [stackAddress(r1, at), mov(r2, COMM_SIZE), call(helper.probeReadKernel)],
          keepComm(fp, at, comm, drop),
        ],
    cgroup === undefined ? [] : keepBelow(btf, task, cgroup, stack, drop),
  ];
}

/** Goes to `drop` unless the task's cgroup is the one of that id or lies below it. */
function keepBelow(btf: Btf, task: Register, { id, level }: FilterCgroup, stack: number, drop: Label): Block {
  const offset = (type: string, member: string) => btf.requireMember(type, member).offset;
  const at = stack - 8;
  const ids = btf.member("cgroup", "ancestor_ids");
  const from = ids ?? btf.requireMember("cgroup", "ancestors");
  return [
    [load(8, r1, task, offset("task_struct", "cgroups")), load(8, r3, r1, offset("css_set", "dfl_cgrp"))],
    [load(4, r1, r3, offset("cgroup", "level")), jump32.lt(r1, level, drop)],
    [add(r3, from.offset + level * 8), stackAddress(r1, at), mov(r2, 8), call(helper.probeReadKernel)],
    // Linux 6.1 keeps pointers where there were ids.
    ids !== undefined
      ? []
      : [
          [load(8, r3, fp, at), add(r3, offset("cgroup", "kn"))],
          [stackAddress(r1, at), mov(r2, 8), call(helper.probeReadKernel)],
          [load(8, r3, fp, at), add(r3, offset("kernfs_node", "id"))],
          [stackAddress(r1, at), mov(r2, 8), call(helper.probeReadKernel)],
        ],
    [load(8, r1, fp, at), loadImm64(r2, id), jump.ne(r1, r2, drop)],
  ];
}
