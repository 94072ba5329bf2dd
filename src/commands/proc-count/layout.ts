/**
 * What the programs share: the maps, and how they find their way in them. Registers that calls keep:
 *
 *     r6  the task, typed
 *     r7  the words of its group; while a key is written, to use
 *     r8  the task's state
 *     r9  the key being made, in scratch memory of this CPU
 */
import { add, mov, sub } from "../../asm/alu";
import { atomicAdd, atomicCompareExchange } from "../../asm/atomic";
import { helper } from "../../asm/helper-ids";
import { type Block, type Label, label } from "../../asm/instruction";
import { call, jump } from "../../asm/jump";
import { lookup } from "../../asm/macros/map";
import { load, store } from "../../asm/memory";
import { fp, type Register, r0, r1, r2, r3, r6, r7, r8, r9 } from "../../asm/register";
import type { Btf } from "../../bpf/btf/btf";
import type { KernelFacts } from "../../bpf/facts";
import { hashMap, type MapSpec, mappableArray, perCpuArrayMap } from "../../bpf/map-spec";
import type { OwnIds } from "../../bpf/own-ids";
import { MapFlag } from "../../core/bpf-uapi";
import { bytes, count64, u64 } from "../../core/codec";
import {
  execGroups,
  type GroupStore,
  type Groups,
  GroupWord,
  nameWord,
  placeInGroups,
} from "../../probes/exec-groups";
import {
  type ExecDimension,
  type ExecKeyCodec,
  execKeyCodec,
  writeExecKey,
  writeProcessName,
} from "../../probes/exec-key";
import { PATH_ROOM } from "../../probes/file-path";
import { type OwnNamespace, ownNamespace } from "../../probes/shown-process";
import { CHARGED_SIZE, charge, count } from "../../probes/task-cost";
import type { TaskFilter } from "../../probes/task-filter";

export interface ProbeOptions {
  readonly by: readonly ExecDimension[];
  readonly cost: boolean;
  readonly store: GroupStore;
  readonly maxEntries: number;
  readonly argsSize: number;
  readonly filter: TaskFilter;
  /** The id of the filter's cgroup: any task can be found to be below it. */
  readonly cgroup: bigint | undefined;
  /** Count only the descendants of the program that bpfkit starts. */
  readonly follow: boolean;
  readonly ourselves: OwnIds;
  /** Empty the groups at each reading. */
  readonly reset: boolean;
}

export const WORD = 8;
// The stack, from the frame pointer down.
export const TASK = -8;
const INDEX = -16;
const SLOT = -24;
/** Below it the stack is free. */
export const REST = -24;
/** In a state: 1 when its process ends with this thread. In the scratch memory it is always 0. */
export const LAST_AT = CHARGED_SIZE;
/** The key in a state and in the scratch memory, behind what was charged. */
export const KEY_AT = LAST_AT + WORD;

export const roundUp = (size: number) => Math.ceil(size / 8) * 8;

/** What the programs share. */
export interface Layout {
  readonly options: ProbeOptions;
  readonly facts: KernelFacts;
  readonly btf: Btf;
  /** Our own PID namespace, in which processes are numbered. */
  readonly namespace: OwnNamespace | undefined;
  readonly codec: ExecKeyCodec;
  readonly groups: Groups;
  readonly tasks: MapSpec<bigint, Uint8Array>;
  readonly scratch: MapSpec<number, Uint8Array>;
  readonly pending: MapSpec<number, number>;
  /** Whether words can be exchanged atomically. */
  readonly exchanges: boolean;
}

/** Values from this size on are allocated as they come. */
const LARGE = 512;

/** Lays out the maps. */
export function layOut(options: ProbeOptions, facts: KernelFacts, btf: Btf): Layout {
  const { by, cost, store, maxEntries, reset, ourselves } = options;
  const codec = execKeyCodec(by, keptArgsSize(options, facts));
  const parts = { cost, name: by.includes("pid") };
  const groups = execGroups({ key: codec, parts, store, maxEntries, turnsAt: reset ? SLOT : undefined });
  const state = bytes(KEY_AT + roundUp(codec.size));
  const plain = hashMap("tasks", { key: u64, value: state, maxEntries });
  const tasks = state.size > LARGE ? { ...plain, flags: MapFlag.BPF_F_NO_PREALLOC } : plain;
  return {
    options,
    facts,
    btf,
    namespace: ownNamespace(facts, ourselves),
    codec,
    groups,
    tasks,
    scratch: perCpuArrayMap("scratch", bytes(state.size + PATH_ROOM), 1),
    pending: mappableArray("pending", count64, 1),
    exchanges: facts.isAtLeast(5, 12),
  };
}

/** Keys of hash maps before Linux 5.11: MAX_BPF_STACK. */
const OLD_KEY_LIMIT = 512;

/** How much of a command line a key can hold on this kernel. */
export function keptArgsSize(
  { by, argsSize }: Pick<ProbeOptions, "by" | "argsSize">,
  facts: Pick<KernelFacts, "isAtLeast">,
): number {
  if (facts.isAtLeast(5, 11) || !by.includes("args")) return argsSize;
  const others = execKeyCodec(by, 8).size - 8;
  return Math.min(argsSize, Math.floor((OLD_KEY_LIMIT - others) / 8) * 8);
}

export const offsetOf = (btf: Btf, type: string, member: string) => btf.requireMember(type, member).offset;

/** r9 = where to make a key. Goes to `none` where there is no memory, which cannot be. Loses r0–r5. */
export function loadScratch({ scratch }: Layout, none: Label): Block {
  return [
    [store(4, fp, INDEX, 0), lookup(scratch, INDEX), jump.eq(r0, 0, none)],
    [mov(r9, r0), add(r9, KEY_AT)],
  ];
}

/** Writes the key of the task r6 to r9; only the current task has a command line. Loses r0–r5 and r7. */
export function writeKey({ btf, codec, namespace }: Layout, isCurrent: boolean): Block {
  const place = { task: r6, key: r9, spare: r7, room: roundUp(codec.size), stack: REST };
  return writeExecKey(btf, codec, place, { namespace, withArgs: isCurrent });
}

/** r8 = the state of the task in `task`, whose address is also kept at TASK. Goes to `none` if it has none. */
export function loadState({ tasks }: Layout, task: Register, none: Label): Block {
  return [store(8, fp, TASK, task), lookup(tasks, TASK), jump.eq(r0, 0, none), mov(r8, r0)];
}

/** A process begins to count for the group at `group`. Loses r0–r5. */
export function begins(group: Register): Block {
  return [
    count(group, GroupWord.alive * WORD),
    [call(helper.ktimeGetNs), mov(r1, 0), sub(r1, r0)],
    atomicAdd(8, group, GroupWord.wallNs * WORD, r1),
  ];
}

/** A process ends to count for it. Loses r0–r5. */
export function ends(group: Register): Block {
  return [
    count(group, GroupWord.alive * WORD, -1),
    [call(helper.ktimeGetNs), atomicAdd(8, group, GroupWord.wallNs * WORD, r0)],
  ];
}

/** Writes the name of the process of `task` to the group, where the key has none. */
export function putName({ btf, groups }: Layout, task: Register, group: Register): Block {
  return groups.parts.name
    ? [mov(r3, task), writeProcessName(btf, group, nameWord(groups.parts) * WORD)]
    : [];
}

/** Charges the task r6 to the group of its state r8, which becomes r7. Goes to `none` where that has no room. */
export function chargeState({ btf, groups, exchanges }: Layout, none: Label): Block {
  return [
    placeInGroups(groups, r8, KEY_AT, r7, none),
    charge(btf, r6, r8, r7, GroupWord.figures * WORD, exchanges),
  ];
}

/** The group's maximum becomes what is in r2, if that is more. Loses r0–r3. */
export function raiseMaxRss({ exchanges }: Layout): Block {
  const at = GroupWord.maxRssPages * WORD;
  const lower = label("not_more");
  if (!exchanges) return [load(8, r1, r7, at), jump.ge(r1, r2, lower), store(8, r7, at, r2), lower];
  // Somebody else may raise it meanwhile, but not often.
  const tries = [1, 2, 3, 4].map(
    (): Block => [
      [load(8, r0, r7, at), jump.ge(r0, r2, lower), mov(r3, r0)],
      [mov(r1, r2), atomicCompareExchange(8, r7, at, r1), jump.eq(r0, r3, lower)],
    ],
  );
  return [tries, lower];
}
