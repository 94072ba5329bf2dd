/** Which tasks count: the common filters as immediates at the top of a program. Pure. */
import { mov, rsh } from "../asm/alu";
import { helper } from "../asm/helper-ids";
import type { Block, Label } from "../asm/instruction";
import { call, jump32 } from "../asm/jump";
import { keepComm, keepOnly } from "../asm/macros/filter";
import { COMM_SIZE, readComm } from "../asm/macros/stack";
import { loadMap } from "../asm/memory";
import { fp, type Register, r0, r1, r2 } from "../asm/register";
import type { PidNamespace } from "../bpf/facts";
import { cgroupArray, type MapSpec } from "../bpf/map-spec";
import { SHOWN_IDS_SIZE, shownIds } from "./current-task";

/** What must hold of a task; what is absent does not matter. */
export interface TaskFilter {
  /** Process ids in our own PID namespace. */
  readonly pids?: readonly number[] | undefined;
  readonly tids?: readonly number[] | undefined;
  readonly uid?: number | undefined;
  /** The thread's name; a trailing `*` stands for any ending. */
  readonly comm?: string | undefined;
  /** Path of a cgroup v2 directory; tasks in it and below it pass. */
  readonly cgroup?: string | undefined;
  readonly cpus?: readonly number[] | undefined;
}

/** The map that holds the descriptor of the filter's cgroup at index 0. */
export const filterCgroup = cgroupArray("filter_cgroup", 1);

/** The maps a filter needs. */
export function filterMaps(filter: TaskFilter): MapSpec[] {
  return filter.cgroup === undefined ? [] : [filterCgroup as MapSpec];
}

/** Bytes of the stack that `keepTask` needs. */
export const TASK_FILTER_STACK = Math.max(COMM_SIZE, SHOWN_IDS_SIZE);

/**
 * Goes to `drop` unless the current task passes. The cheap tests come first. `at` names TASK_FILTER_STACK
 * free bytes of the stack. Loses r0–r5.
 */
export function keepTask(
  filter: TaskFilter,
  namespace: PidNamespace | undefined,
  at: number,
  drop: Label,
): Block {
  const { pids, tids, uid, comm, cgroup, cpus } = filter;
  return [
    cpus === undefined ? [] : [call(helper.getSmpProcessorId), keepOnly(r0, cpus, drop)],
    pids === undefined && tids === undefined ? [] : keepIds(pids, tids, namespace, at, drop),
    uid === undefined ? [] : [call(helper.getCurrentUidGid), jump32.ne(r0, uid, drop)],
    comm === undefined ? [] : [readComm(at), keepComm(fp, at, comm, drop)],
    cgroup === undefined
      ? []
      : [
          [loadMap(r1, filterCgroup), mov(r2, 0), call(helper.currentTaskUnderCgroup)],
          jump32.ne(r0, 1, drop),
        ],
  ];
}

function keepIds(
  pids: readonly number[] | undefined,
  tids: readonly number[] | undefined,
  namespace: PidNamespace | undefined,
  at: number,
  drop: Label,
): Block {
  return [
    shownIds(namespace, at),
    tids === undefined ? [] : keepOnly(r0, tids, drop),
    pids === undefined ? [] : [mov(r1, r0), rsh(r1, 32), keepOnly(r1, pids, drop)],
  ];
}

/** Goes to `drop` if `ids`, from `kernelIds`, are of this process: bpfkit does not count itself. Loses r1. */
export function dropProcess(ids: Register, pid: number, drop: Label): Block {
  return [mov(r1, ids), rsh(r1, 32), jump32.eq(r1, pid, drop)];
}
