/** Names of the processes or threads in a table, taken in the kernel: a short-lived one has one too. Pure. */
import { mov, rsh } from "../asm/alu";
import type { Block } from "../asm/instruction";
import { exit } from "../asm/jump";
import { update } from "../asm/macros/map";
import { COMM_SIZE, readComm } from "../asm/macros/stack";
import { store } from "../asm/memory";
import { fp, r0, r1 } from "../asm/register";
import type { Btf } from "../bpf/btf/btf";
import type { KernelFacts } from "../bpf/facts";
import { hashMap, lruHashMap, type MapSpec } from "../bpf/map-spec";
import type { ProgramSpec } from "../bpf/program-spec";
import { MapUpdate } from "../core/bpf-uapi";
import { cstring, u32 } from "../core/codec";
import { readProcessComm, SHOWN_IDS_SIZE, shownIds } from "./current-task";

/** Id in our PID namespace → name. */
export type TaskNames = MapSpec<number, string>;

/** Whose names: a process is called like its first thread. */
export type NamedTask = "process" | "thread";

/** The map for as many tasks as the table that it names has entries. */
export function taskNames(maxEntries: number, evicts: boolean): TaskNames {
  const create = evicts ? lruHashMap : hashMap;
  return create("task_names", { key: u32, value: cstring(COMM_SIZE), maxEntries });
}

const KEY = 8;

/** Bytes of the stack that `noteName` needs. */
export const NAME_STACK = COMM_SIZE + KEY + SHOWN_IDS_SIZE;

function readName(named: NamedTask, btf: Btf | undefined, at: number, scratch: number): Block {
  return named === "process" ? readProcessComm(btf, at, scratch) : readComm(at);
}

/** Writes the current task's name into the map. `stack` names the end of NAME_STACK bytes. Loses r0–r5. */
export function noteName(
  names: TaskNames,
  named: NamedTask,
  facts: Pick<KernelFacts, "btf" | "pidNamespace">,
  stack: number,
  flags: number = MapUpdate.BPF_ANY,
): Block {
  const comm = stack - COMM_SIZE;
  const key = comm - KEY;
  const scratch = key - SHOWN_IDS_SIZE;
  return [
    readName(named, facts.btf(), comm, scratch),
    shownIds(facts.pidNamespace, scratch),
    named === "process" ? [mov(r1, r0), rsh(r1, 32)] : mov(r1, r0),
    [store(4, fp, key, r1), update(names, key, comm, flags)],
  ];
}

/** Keeps names right when a task in the table executes another program. */
export function renameOnExec(
  names: TaskNames,
  named: NamedTask,
  facts: Pick<KernelFacts, "btf" | "pidNamespace">,
): ProgramSpec {
  return {
    name: "rename_on_exec",
    hook: { kind: "raw-tracepoint", name: "sched_process_exec" },
    code: [noteName(names, named, facts, 0, MapUpdate.BPF_EXIST), mov(r0, 0), exit()],
  };
}
