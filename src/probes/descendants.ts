/**
 * Which processes descend from the one that bpfkit starts after `--`. bpfkit marks itself; a child inherits
 * its parent's mark at the fork, and the mark of bpfkit's own child becomes good at its execve. A byte for
 * each possible process id is never full and costs one load. Pure.
 */
import { add, and, mov } from "../asm/alu";
import { type Block, type Label, label } from "../asm/instruction";
import { exit, jump } from "../asm/jump";
import { currentPid } from "../asm/macros/filter";
import { load, loadMapValue, store } from "../asm/memory";
import { r0, r1, r2, r6, r7 } from "../asm/register";
import type { Btf } from "../bpf/btf/btf";
import { type MapSpec, mappableArray } from "../bpf/map-spec";
import type { ProgramSpec } from "../bpf/program-spec";
import { bytes } from "../core/codec";
import { NotSupportedError } from "../core/errors";

/** PID_MAX_LIMIT on 64-bit machines. include/linux/threads.h */
const PID_LIMIT = 4 * 1024 * 1024;

/** A process's mark. */
export const Mark = Object.freeze({
  none: 0,
  /** Descends from COMMAND, or is COMMAND. */
  followed: 1,
  /** bpfkit itself, and its child until the execve. */
  armed: 2,
});

/** The marks, by process id as the kernel numbers it. */
export const marks = mappableArray("followed", bytes(PID_LIMIT), 1);

export const descendantMaps: readonly MapSpec[] = [marks as MapSpec];

/** `address` = address of the mark of the process id in `pid`. Loses r1 and `pid`. */
function markOf(address: typeof r0, pid: typeof r0): Block {
  return [loadMapValue(address, marks), and(pid, PID_LIMIT - 1), add(address, pid)];
}

/**
 * Goes to `drop` unless the current process is followed. `whenArmed` runs for bpfkit's own child before its
 * execve: it may let the call pass by falling through. Loses r0–r5.
 */
export function keepDescendants(drop: Label, whenArmed: Block = [jump.always(drop)]): Block {
  const kept = label("followed");
  return [
    [currentPid(), markOf(r1, r0), load(1, r1, r1, 0)],
    [jump.eq(r1, Mark.followed, kept), jump.ne(r1, Mark.armed, drop)],
    whenArmed,
    kept,
  ];
}

/** Inherits the mark; also takes away what an earlier process with this id has left. */
function onFork(btf: Btf): ProgramSpec {
  const tgid = btf.requireMember("task_struct", "tgid").offset;
  return {
    name: "follow_fork",
    // The context is (parent, child). https://docs.kernel.org/trace/events.html, include/trace/events/sched.h
    hook: { kind: "btf-raw-tracepoint", name: "sched_process_fork" },
    code: [
      [load(8, r6, r1, 0), load(8, r7, r1, 8)],
      [load(4, r2, r6, tgid), markOf(r1, r2), load(1, r6, r1, 0)],
      [load(4, r2, r7, tgid), markOf(r1, r2), store(1, r1, 0, r6)],
      [mov(r0, 0), exit()],
    ],
  };
}

const onExec: ProgramSpec = (() => {
  const done = label("done");
  return {
    name: "follow_exec",
    hook: { kind: "raw-tracepoint", name: "sched_process_exec" },
    code: [
      [currentPid(), markOf(r6, r0), load(1, r1, r6, 0), jump.ne(r1, Mark.armed, done)],
      store(1, r6, 0, Mark.followed),
      [done, mov(r0, 0), exit()],
    ],
  };
})();

/** The programs that keep the marks. Throws a NotSupportedError without BTF. */
export function descendantPrograms(btf: Btf | undefined): readonly ProgramSpec[] {
  if (btf === undefined)
    throw new NotSupportedError("-- COMMAND: needs BTF to follow its children", {
      hint: "this kernel has no /sys/kernel/btf/vmlinux (CONFIG_DEBUG_INFO_BTF); start the command yourself and use -p PID",
    });
  return [onFork(btf), onExec];
}
