/** Process ids of any task as our own PID namespace numbers them. Pure. */
import { add, mov } from "../asm/alu";
import { helper } from "../asm/helper-ids";
import { type Block, label } from "../asm/instruction";
import { call, jump, jump32 } from "../asm/jump";
import { stackAddress } from "../asm/macros/map";
import { load, store } from "../asm/memory";
import { fp, type Register, r1, r2, r3 } from "../asm/register";
import type { Btf } from "../bpf/btf/btf";
import type { KernelFacts } from "../bpf/facts";
import type { OwnIds } from "../bpf/own-ids";
import { type Follow, followTyped } from "./follow";

/** Our own PID namespace, where it is not the machine's first one. */
export interface OwnNamespace {
  readonly inode: bigint;
  /** How deep it lies: the machine's first one is 0. */
  readonly level: number;
}

/** The namespace that these facts are about. */
export function ownNamespace(
  { pidNamespace }: Pick<KernelFacts, "pidNamespace">,
  { level }: Pick<OwnIds, "level">,
): OwnNamespace | undefined {
  return pidNamespace && { inode: pidNamespace.inode, level };
}

/** Bytes of a struct upid. */
const UPID_SIZE = 16;

/**
 * r1 = the process id of `task`: the kernel's, or in a PID namespace the one it has there, 0 for a task of another
 * one. `stack` names the end of 16 bytes. Loses r0–r5.
 */
export function shownProcess(
  btf: Btf,
  namespace: OwnNamespace | undefined,
  task: Register,
  stack: number,
  follow: Follow = followTyped,
): Block {
  const offset = (type: string, member: string) => btf.requireMember(type, member).offset;
  if (namespace === undefined) return follow(4, r1, task, offset("task_struct", "tgid"));
  const outside = label("other_namespace");
  const done = label("process_id");
  const at = stack - UPID_SIZE;
  const owner = offset("upid", "ns");
  const upid = offset("pid", "numbers") + namespace.level * UPID_SIZE;
  return [
    follow(8, r1, task, offset("task_struct", "group_leader")),
    follow(8, r1, r1, offset("task_struct", "thread_pid")),
    [jump.eq(r1, 0, outside), store(8, fp, at, r1)],
    [follow(4, r2, r1, offset("pid", "level")), jump32.lt(r2, namespace.level, outside)],
    // An array whose length is not in its type: a program may not follow it there.
    [
      load(8, r3, fp, at),
      add(r3, upid),
      stackAddress(r1, at),
      mov(r2, UPID_SIZE),
      call(helper.probeReadKernel),
    ],
    [load(8, r3, fp, at + owner), add(r3, offset("pid_namespace", "ns.inum"))],
    [stackAddress(r1, at + owner), mov(r2, 4), call(helper.probeReadKernel)],
    [load(4, r2, fp, at + owner), jump32.ne(r2, Number(namespace.inode), outside)],
    [load(4, r1, fp, at + offset("upid", "nr")), jump.always(done)],
    [outside, mov(r1, 0)],
    done,
  ];
}
