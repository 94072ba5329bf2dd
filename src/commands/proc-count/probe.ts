/**
 * Options to programs and maps. Pure: the same options and facts give the same bytes.
 *
 * Counting takes sched_process_exec alone. For costs every thread has a state: the key of its group, and what was
 * charged of it already. A fork passes the key on, an exec charges the old group and begins anew, and the rest is
 * charged when the dead thread leaves its processor for the last time: only then is its time complete. What runs
 * before and after the measurement is seen by iterators that walk all threads. Registers that calls keep:
 *
 *     r6  the task, typed
 *     r7  the words of its group; while a key is written, to use
 *     r8  the task's state
 *     r9  the key being made, in scratch memory of this CPU
 */
import { add, and, lsh, mov, rsh, sub } from "../../asm/alu";
import { atomicAdd, atomicCompareExchange } from "../../asm/atomic";
import { helper } from "../../asm/helper-ids";
import { type Block, type Label, label } from "../../asm/instruction";
import { call, exit, jump, jump32 } from "../../asm/jump";
import { lookup, remove, stackAddress } from "../../asm/macros/map";
import { load, loadMap, loadMapValue, store } from "../../asm/memory";
import { fp, type Register, r0, r1, r2, r3, r4, r6, r7, r8, r9 } from "../../asm/register";
import type { Btf } from "../../bpf/btf/btf";
import type { KernelFacts } from "../../bpf/facts";
import { hashMap, type MapSpec, mappableArray, perCpuArrayMap } from "../../bpf/map-spec";
import type { ProbeSpec, ProgramSpec } from "../../bpf/program-spec";
import type { TaskIteratorSpec } from "../../bpf/task-iterator";
import { MapFlag, MapUpdate } from "../../core/bpf-uapi";
import { bytes, count64, u64 } from "../../core/codec";
import { NotSupportedError } from "../../core/errors";
import { descendantMaps, descendantPrograms, keepDescendants } from "../../probes/descendants";
import {
  countLoss,
  countSeen,
  execGroups,
  type GroupStore,
  type Groups,
  GroupWord,
  nameWord,
  placeInGroups,
  SIGNALS,
} from "../../probes/exec-groups";
import {
  copyBytes,
  type ExecDimension,
  type ExecKeyCodec,
  execKeyCodec,
  NOT_CAPTURED,
  writeExecKey,
  writeProcessName,
  zeroBytes,
} from "../../probes/exec-key";
import { PATH_ROOM } from "../../probes/file-path";
import { keepLastThread, lastThreadMaps, tellsLastThread } from "../../probes/last-thread";
import type { Ourselves } from "../../probes/ourselves";
import { CHARGED_SIZE, charge, count, exitStatus, noteCharged } from "../../probes/task-cost";
import { filterMaps, keepTask, TASK_FILTER_STACK, type TaskFilter } from "../../probes/task-filter";
import { type FilterCgroup, keepTypedTask } from "../../probes/typed-task-filter";

export interface ProbeOptions {
  readonly by: readonly ExecDimension[];
  readonly cost: boolean;
  readonly store: GroupStore;
  readonly maxEntries: number;
  readonly argsSize: number;
  readonly filter: TaskFilter;
  /** The filter's cgroup, as it can be recognised among the ancestors of any task's. */
  readonly cgroup: FilterCgroup | undefined;
  /** Count only the descendants of the program that bpfkit starts. */
  readonly follow: boolean;
  readonly ourselves: Pick<Ourselves, "pid">;
}

/** What there is for costs only. */
export interface CostProbe {
  /** Takes in what runs already. */
  readonly begin: TaskIteratorSpec;
  /** Charges what still runs. */
  readonly settle: TaskIteratorSpec;
  /** Threads that are about to end and not charged in full yet. */
  readonly pending: MapSpec<number, number>;
}

/** The probe, and where its results will lie. */
export interface ProcCountProbe {
  readonly spec: ProbeSpec;
  readonly groups: Groups;
  readonly cost: CostProbe | undefined;
}

const WORD = 8;
// The stack, from the frame pointer down.
const TASK = -8;
const INDEX = -16;
const REST = -16;
/** The key in a state and in the scratch memory, behind what was charged. */
const KEY_AT = CHARGED_SIZE;

const roundUp = (size: number) => Math.ceil(size / 8) * 8;

/** What the programs share. */
interface Layout {
  readonly options: ProbeOptions;
  readonly facts: KernelFacts;
  readonly btf: Btf;
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

/** Builds the probe. Throws a NotSupportedError without BTF. */
export function procCountProbe(options: ProbeOptions, facts: KernelFacts): ProcCountProbe {
  const btf = facts.btf();
  if (btf === undefined)
    throw new NotSupportedError("proc-count: needs BTF", {
      hint: "this kernel has no /sys/kernel/btf/vmlinux (CONFIG_DEBUG_INFO_BTF)",
    });
  const layout = layOut(options, facts, btf);
  const { cost, follow, filter } = options;
  const { groups, scratch, tasks, pending } = layout;
  const programs: ProgramSpec[] = [
    ...(follow ? descendantPrograms(btf) : []),
    ...(cost ? [onSwitch(layout), onExit(layout), onFork(layout)] : []),
    onExec(layout),
  ];
  const maps = [
    ...groups.maps,
    scratch,
    ...(cost ? [tasks, pending, ...lastThreadMaps(btf)] : []),
    ...filterMaps(filter),
    ...(follow ? descendantMaps : []),
  ] as MapSpec[];
  const costs = cost ? { begin: begin(layout), settle: settle(layout), pending } : undefined;
  return { spec: { maps, programs }, groups, cost: costs };
}

function layOut(options: ProbeOptions, facts: KernelFacts, btf: Btf): Layout {
  const { by, cost, store: kind, maxEntries } = options;
  const codec = execKeyCodec(by, keptArgsSize(options, facts));
  const groups = execGroups(codec, { cost, name: by.includes("pid") }, kind, maxEntries);
  const state = bytes(KEY_AT + roundUp(codec.size));
  const plain = hashMap("tasks", { key: u64, value: state, maxEntries });
  const tasks = state.size > LARGE ? { ...plain, flags: MapFlag.BPF_F_NO_PREALLOC } : plain;
  return {
    options,
    facts,
    btf,
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

const offsetOf = (btf: Btf, type: string, member: string) => btf.requireMember(type, member).offset;

/** r9 = where to make a key. Goes to `none` where there is no memory, which cannot be. Loses r0–r5. */
function loadScratch({ scratch }: Layout, none: Label): Block {
  return [
    [store(4, fp, INDEX, 0), lookup(scratch, INDEX), jump.eq(r0, 0, none)],
    [mov(r9, r0), add(r9, KEY_AT)],
  ];
}

function writeKey({ btf, codec, facts }: Layout, current: boolean): Block {
  const place = { task: r6, key: r9, spare: r7, room: roundUp(codec.size), stack: REST };
  return writeExecKey(btf, codec, place, {
    namespace: current ? facts.pidNamespace : undefined,
    withArgs: current,
  });
}

/** r8 = the state of the task in `task`, whose address is also kept at TASK. Goes to `none` if it has none. */
function loadState({ tasks }: Layout, task: Register, none: Label): Block {
  return [store(8, fp, TASK, task), lookup(tasks, TASK), jump.eq(r0, 0, none), mov(r8, r0)];
}

/** A process begins to count for the group at `group`. Loses r0–r5. */
function begins(group: Register): Block {
  return [
    count(group, GroupWord.alive * WORD),
    [call(helper.ktimeGetNs), mov(r1, 0), sub(r1, r0)],
    atomicAdd(8, group, GroupWord.wallNs * WORD, r1),
  ];
}

/** A process ends to count for it. Loses r0–r5. */
function ends(group: Register): Block {
  return [
    count(group, GroupWord.alive * WORD, -1),
    [call(helper.ktimeGetNs), atomicAdd(8, group, GroupWord.wallNs * WORD, r0)],
  ];
}

/** Writes the name of the process of `task` to the group, where the key has none. */
function putName({ btf, groups }: Layout, task: Register, group: Register): Block {
  return groups.parts.name
    ? [mov(r3, task), writeProcessName(btf, group, nameWord(groups.parts) * WORD)]
    : [];
}

/** Charges the task r6 to the group of its state r8, which becomes r7. Goes to `none` where that has no room. */
function chargeState({ btf, groups, exchanges }: Layout, none: Label): Block {
  return [
    placeInGroups(groups, r8, KEY_AT, r7, none),
    charge(btf, r6, r8, r7, GroupWord.figures * WORD, exchanges),
  ];
}

function onExec(layout: Layout): ProgramSpec {
  const { options, facts, groups, tasks, btf } = layout;
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
      [loadScratch(layout, done), countSeen(groups), writeKey(layout, true)],
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

  /** r8 = the new state of the task: all it has cost belongs to somebody else. */
  function enterGroup({ codec }: Layout, full: Label): Block {
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
}

function onFork(layout: Layout): ProgramSpec {
  const { options, btf, codec, groups, tasks } = layout;
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
      zeroBytes([mov(r1, r9), sub(r1, KEY_AT)], CHARGED_SIZE),
      [load(4, r1, r7, tgid), load(4, r2, r7, pid), jump.ne(r1, r2, thread)],
      has("pid") ? store(4, r9, codec.offsets.pid as number, r1) : [],
      has("ppid") ? [load(4, r1, r6, tgid), store(4, r9, codec.offsets.ppid as number, r1)] : [],
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

function onExit(layout: Layout): ProgramSpec {
  const { btf, groups, pending } = layout;
  const done = label("done");
  const exited = label("exited");
  const status = label("counted");
  const known = label("known_signal");
  const signal = offsetOf(btf, "task_struct", "signal");
  return {
    name: "exit",
    // The context is (task) or, on later kernels, (task, group_dead).
    hook: { kind: "btf-raw-tracepoint", name: "sched_process_exit" },
    code: [
      [load(8, r6, r1, 0), tellsLastThread(btf) ? load(8, r7, r1, 8) : []],
      [loadState(layout, r6, done), loadMapValue(r1, pending), mov(r2, 1), atomicAdd(8, r1, 0, r2)],
      keepLastThread(btf, r6, r7, REST, done),
      [placeInGroups(groups, r8, KEY_AT, r7, done), count(r7, GroupWord.exits * WORD), ends(r7)],
      [exitStatus(btf, r6, r2), mov(r3, r2), and(r3, 0x7f), jump.eq(r3, 0, exited)],
      [count(r7, GroupWord.signaled * WORD), jump.lt(r3, SIGNALS, known), mov(r3, 0)],
      [known, lsh(r3, 3), add(r3, r7)],
      [count(r3, GroupWord.signals * WORD), jump.always(status)],
      [exited, rsh(r2, 8), and(r2, 0xff), jump.eq(r2, 0, status), count(r7, GroupWord.failed * WORD)],
      status,
      [load(8, r1, r6, signal), load(8, r2, r1, offsetOf(btf, "signal_struct", "maxrss"))],
      raiseMaxRss(layout),
      [done, mov(r0, 0), exit()],
    ],
  };
}

/** The group's maximum becomes what is in r2, if that is more. Loses r0–r3. */
function raiseMaxRss({ exchanges }: Layout): Block {
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

/** The dead thread's last switch: nothing can be added to what it cost. */
function onSwitch(layout: Layout): ProgramSpec {
  const { btf, tasks, pending } = layout;
  const done = label("done");
  const none = label("no_group");
  const state = btf.member("task_struct", "__state") ?? btf.requireMember("task_struct", "state");
  return {
    name: "switch",
    // The context is (preempt, previous task, next task, …).
    hook: { kind: "btf-raw-tracepoint", name: "sched_switch" },
    code: [
      [load(8, r6, r1, 8), load(state.size as 4 | 8, r1, r6, state.offset)],
      [and(r1, TASK_DEAD), jump.eq(r1, 0, done), loadState(layout, r6, done), chargeState(layout, none)],
      [none, remove(tasks, TASK), loadMapValue(r1, pending), mov(r2, -1), atomicAdd(8, r1, 0, r2)],
      [done, mov(r0, 0), exit()],
    ],
  };
}

/** include/linux/sched.h */
const TASK_DEAD = 0x80;
const PF_EXITING = 0x4;

/** r6 = the task of an iterator's program. Goes to `done` at the end of the walk and for those about to end. */
function iteratedTask(btf: Btf, done: Label): Block {
  return [
    [load(8, r6, r1, offsetOf(btf, "bpf_iter__task", "task")), jump.eq(r6, 0, done)],
    [load(4, r1, r6, offsetOf(btf, "task_struct", "flags")), and(r1, PF_EXITING), jump.ne(r1, 0, done)],
  ];
}

function begin(layout: Layout): TaskIteratorSpec {
  const { options, btf, codec, groups, tasks } = layout;
  const done = label("done");
  const full = label("full");
  const { args } = codec.offsets;
  const tgid = offsetOf(btf, "task_struct", "tgid");
  const code: Block = [
    iteratedTask(btf, done),
    [load(4, r1, r6, tgid), jump32.eq(r1, options.ourselves.pid, done)],
    keepTypedTask(btf, options.filter, r6, REST, done, options.cgroup),
    [loadScratch(layout, done), writeKey(layout, false)],
    // Only the name is known of what was started before.
    args === undefined
      ? []
      : [store(4, r9, args, NOT_CAPTURED), mov(r3, r6), writeProcessName(btf, r9, args + 4)],
    [mov(r8, r9), sub(r8, KEY_AT), noteCharged(btf, r6, r8), store(8, fp, TASK, r6)],
    [loadMap(r1, tasks), stackAddress(r2, TASK), mov(r3, r8), mov(r4, MapUpdate.BPF_NOEXIST)],
    [call(helper.mapUpdateElem), jump32.eq(r0, -E2BIG, full), jump32.ne(r0, 0, done)],
    [load(4, r1, r6, tgid), load(4, r2, r6, offsetOf(btf, "task_struct", "pid")), jump.ne(r1, r2, done)],
    [placeInGroups(groups, r9, 0, r7, done), begins(r7), putName(layout, r6, r7), jump.always(done)],
    [full, countLoss(groups, "tasksFull")],
    [done, mov(r0, 0), exit()],
  ];
  return { name: "begin", code };
}

const E2BIG = 7;

function settle(layout: Layout): TaskIteratorSpec {
  const { btf } = layout;
  const done = label("done");
  const code: Block = [
    [iteratedTask(btf, done), loadState(layout, r6, done), chargeState(layout, done)],
    residentPages(btf, done),
    raiseMaxRss(layout),
    [done, mov(r0, 0), exit()],
  ];
  return { name: "settle", code };
}

/**
 * r2 = the most pages the task has had so far. Goes to `none` for a task of the kernel's. Loses r0–r5, r8 and r9.
 * Before Linux 6.2 the counters are of a type that programs may not follow, so they are read as bytes.
 */
function residentPages(btf: Btf, none: Label): Block {
  const { offset, size, type } = btf.requireMember("mm_struct", "rss_stat");
  const perCpu = btf.member("percpu_counter", "count");
  // Four percpu_counter, or an array of atomic_long_t in a struct: file, anonymous, swap, shared.
  const isPerCpu = btf.resolve(type).kind === "array" && perCpu !== undefined;
  const stride = isPerCpu ? size / 4 : 8;
  const first = offset + (isPerCpu ? perCpu.offset : 0);
  const positive = label("positive");
  const peak = label("peak");
  const read = (at: number): Block => [
    [stackAddress(r1, INDEX), mov(r2, 8), mov(r3, r8), add(r3, at), call(helper.probeReadKernel)],
    [jump.ne(r0, 0, none), load(8, r2, fp, INDEX)],
  ];
  return [
    [load(8, r8, r6, offsetOf(btf, "task_struct", "mm")), jump.eq(r8, 0, none), mov(r9, 0)],
    [0, 1, 3].map((kind) => [read(first + kind * stride), add(r9, r2)]),
    [jump.sge(r9, 0, positive), mov(r9, 0), positive],
    [read(offsetOf(btf, "mm_struct", "hiwater_rss")), jump.ge(r2, r9, peak), mov(r2, r9), peak],
  ];
}
