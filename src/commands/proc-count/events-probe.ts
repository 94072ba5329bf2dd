/**
 * One record per execution, per end of a process and per failed attempt, through a ring buffer. Pure.
 *
 *     r6  the task, typed; at a system call the context
 *     r7  to use
 *     r9  the key in the record being made, in scratch memory of this CPU
 */
import { add, and, mov, neg, sub } from "../../asm/alu";
import { atomicAdd } from "../../asm/atomic";
import { helper } from "../../asm/helper-ids";
import { type Block, type Label, label } from "../../asm/instruction";
import { call, exit, jump, jump32 } from "../../asm/jump";
import { lookup, remove, update } from "../../asm/macros/map";
import { load, loadMap, loadMapValue, store } from "../../asm/memory";
import { fp, r0, r1, r2, r3, r4, r6, r7, r8, r9 } from "../../asm/register";
import type { Btf } from "../../bpf/btf/btf";
import type { KernelFacts } from "../../bpf/facts";
import {
  hashMap,
  type MapSpec,
  mappableArray,
  perCpuArrayMap,
  type RingSpec,
  ringBuffer,
} from "../../bpf/map-spec";
import type { ProbeSpec, ProgramSpec } from "../../bpf/program-spec";
import { RingBufferFlag } from "../../core/bpf-uapi";
import { array, bytes, count64, cstring, struct, u32, u64 } from "../../core/codec";
import { NotSupportedError } from "../../core/errors";
import { descendantMaps, descendantPrograms, keepDescendants } from "../../probes/descendants";
import { type ExecDimension, type ExecKey, execKeyCodec, writeExecKey } from "../../probes/exec-key";
import { PATH_ROOM, PATH_SIZE } from "../../probes/file-path";
import { keepLastThread, lastThreadMaps, tellsLastThread } from "../../probes/last-thread";
import type { Ourselves } from "../../probes/ourselves";
import { writeProcessTotal } from "../../probes/process-total";
import { abiCode } from "../../probes/syscall-abi";
import { exitStatus, type TaskFigure, taskFigures } from "../../probes/task-cost";
import { filterMaps, keepTask, TASK_FILTER_STACK, type TaskFilter } from "../../probes/task-filter";
import { nativeAbi, syscallNumber } from "../../symbols/syscalls";

export interface EventOptions {
  /** The executions themselves. */
  readonly execs: boolean;
  readonly exits: boolean;
  readonly failed: boolean;
  readonly exe: boolean;
  readonly argsSize: number;
  readonly filter: TaskFilter;
  readonly follow: boolean;
  readonly ourselves: Pick<Ourselves, "pid">;
}

/** What a record tells. */
export type ExecEvent = { readonly timeNs: bigint } & (
  | ({ readonly kind: "exec"; readonly ppid: number } & ExecKey)
  | ({
      readonly kind: "failed";
      readonly ppid: number;
      readonly errno: number;
      readonly path: string;
    } & ExecKey)
  | ({
      readonly kind: "exit";
      readonly status: number;
      readonly ageNs: number;
      readonly maxRssPages: number;
    } & ExecKey &
      Readonly<Record<TaskFigure, number>>)
);

export interface EventsProbe {
  readonly spec: ProbeSpec;
  readonly ring: RingSpec<ExecEvent>;
  readonly losses: MapSpec<number, number>;
  /** The processes that are on their way out, where their ends are recorded. */
  readonly ending: MapSpec<bigint, unknown> | undefined;
}

const Kind = { exec: 1, exit: 2, failed: 3 } as const;
const Head = struct({ timeNs: u64, kind: u32, ppid: u32 });
const ExitPart = struct({
  figures: array(count64, taskFigures.length),
  ageNs: count64,
  maxRssPages: count64,
  status: u32,
  pad: u32,
});
const FailedPart = struct({ errno: u32, path: cstring(PATH_SIZE), pad: u32 });
const Ending = struct({ pid: u32, pad: u32 });

/** Bytes of the ring buffer: some ten thousand executions with short command lines. */
const RING_SIZE = 4 * 1024 * 1024;
/** Processes between their exit and their last switch. */
const MOST_ENDING = 4096;

const INDEX = -8;
const REST = -16;
const roundUp = (size: number) => Math.ceil(size / 8) * 8;

/** Builds the probe. Throws a NotSupportedError without BTF. */
export function eventsProbe(options: EventOptions, facts: KernelFacts): EventsProbe {
  const btf = facts.btf();
  if (btf === undefined) throw new NotSupportedError("proc-count: needs BTF");
  const { execs, exits, failed, follow, filter } = options;
  const layout = layOut(options, facts, btf);
  const programs: ProgramSpec[] = [
    ...(follow ? descendantPrograms(btf) : []),
    ...(exits ? [onSwitch(layout), onExit(layout)] : []),
    ...(failed ? [onFailure(layout)] : []),
    ...(execs ? [onExec(layout)] : []),
  ];
  const { ring, losses, scratch, ending } = layout;
  const maps = [
    ring,
    losses,
    scratch,
    ...(exits ? [ending, ...lastThreadMaps(btf)] : []),
    ...filterMaps(filter),
    ...(follow ? descendantMaps : []),
  ] as MapSpec[];
  return {
    spec: { maps, programs },
    ring,
    losses,
    ending: exits ? (ending as MapSpec<bigint, unknown>) : undefined,
  };
}

const who: readonly ExecDimension[] = ["pid", "comm", "parent", "uid", "cgroup"];

function layOut(options: EventOptions, facts: KernelFacts, btf: Btf) {
  const execKey = execKeyCodec(
    [...who, ...(options.exe ? (["exe"] as const) : []), "args"],
    options.argsSize,
  );
  const failedKey = execKeyCodec(who, 8);
  const exitKey = execKeyCodec(["comm", "uid", "pid"], 8);
  const decode = (view: DataView, at: number, length: number): ExecEvent => {
    const { timeNs, kind, ppid } = Head.decode(view, at);
    const from = at + Head.size;
    if (kind === Kind.failed) {
      const { errno, path } = FailedPart.decode(view, from);
      return { kind: "failed", timeNs, ppid, errno, path, ...failedKey.decode(view, from + FailedPart.size) };
    }
    if (kind === Kind.exit) {
      const { figures, ageNs, maxRssPages, status } = ExitPart.decode(view, from);
      const named = Object.fromEntries(taskFigures.map((name, i) => [name, figures[i] as number]));
      const key = exitKey.decode(view, from + ExitPart.size);
      const costs = named as Record<TaskFigure, number>;
      return { kind: "exit", timeNs, status, ageNs, maxRssPages, ...costs, ...key };
    }
    // The record ends with the command line: what is missing of it was not there.
    const whole = new Uint8Array(execKey.size);
    whole.set(new Uint8Array(view.buffer, view.byteOffset + from, length - Head.size));
    return { kind: "exec", timeNs, ppid, ...execKey.decode(new DataView(whole.buffer), 0) };
  };
  const room = Math.max(Head.size + ExitPart.size, Head.size + FailedPart.size) + roundUp(execKey.size);
  return {
    options,
    facts,
    btf,
    execKey,
    failedKey,
    exitKey,
    ring: ringBuffer("exec_events", RING_SIZE, decode),
    losses: mappableArray("event_losses", count64, 1),
    scratch: perCpuArrayMap("event_scratch", bytes(room + PATH_ROOM), 1),
    ending: hashMap("ending", { key: u64, value: Ending, maxEntries: MOST_ENDING }),
  };
}

type Layout = ReturnType<typeof layOut>;

const offsetOf = (btf: Btf, type: string, member: string) => btf.requireMember(type, member).offset;

/** r9 = the place of the key in the record, `before` bytes behind its start. Loses r0–r5. */
function loadScratch({ scratch }: Layout, before: number, none: Label): Block {
  return [
    [store(4, fp, INDEX, 0), lookup(scratch, INDEX), jump.eq(r0, 0, none)],
    [mov(r9, r0), add(r9, before)],
  ];
}

/** Goes to `drop` unless the current task is one of those that count. */
function keepCurrent({ options, facts }: Layout, drop: Label): Block {
  return options.follow
    ? keepDescendants(drop)
    : keepTask(options.filter, facts.pidNamespace, REST - TASK_FILTER_STACK, drop);
}

/** Writes the head of a record whose key, in r9, is `before` bytes behind it. Loses r0–r5. */
function writeHead({ btf }: Layout, kind: number, before: number): Block {
  const to = (field: keyof typeof Head.fields) => Head.offsets[field] - before;
  return [
    [call(helper.ktimeGetNs), store(8, r9, to("timeNs"), r0), store(4, r9, to("kind"), kind)],
    load(8, r1, r6, offsetOf(btf, "task_struct", "real_parent")),
    [load(4, r1, r1, offsetOf(btf, "task_struct", "tgid")), store(4, r9, to("ppid"), r1)],
  ];
}

/** Sends `before` bytes and those in r3. Counts a loss when the ring is full. Loses r0–r5. */
function send({ ring, losses }: Layout, before: number): Block {
  const sent = label("sent");
  return [
    [add(r3, before), loadMap(r1, ring), mov(r2, r9), sub(r2, before)],
    [mov(r4, RingBufferFlag.BPF_RB_NO_WAKEUP), call(helper.ringbufOutput), jump32.eq(r0, 0, sent)],
    [loadMapValue(r1, losses), mov(r2, 1), atomicAdd(8, r1, 0, r2), sent],
  ];
}

function onExec(layout: Layout): ProgramSpec {
  const { btf, execKey, facts } = layout;
  const done = label("done");
  const whole = label("whole");
  const args = execKey.offsets.args as number;
  const place = { task: r6, key: r9, spare: r7, room: roundUp(execKey.size), stack: REST };
  return {
    name: "exec_event",
    hook: { kind: "btf-raw-tracepoint", name: "sched_process_exec" },
    code: [
      [load(8, r6, r1, 0), keepCurrent(layout, done), loadScratch(layout, Head.size, done)],
      writeExecKey(btf, execKey, place, { namespace: facts.pidNamespace, withArgs: true }),
      writeHead(layout, Kind.exec, Head.size),
      [load(4, r3, r9, args), jump.le(r3, layout.options.argsSize, whole), mov(r3, layout.options.argsSize)],
      [whole, add(r3, args + 4), send(layout, Head.size)],
      [done, mov(r0, 0), exit()],
    ],
  };
}

/** Notes that a process ends; the record waits until its time is complete. */
function onExit(layout: Layout): ProgramSpec {
  const { btf, ending, facts } = layout;
  const done = label("done");
  const [task, value] = [REST - 8, REST - 16];
  const place = { task: r6, key: r9, spare: r7, room: 0, stack: REST - 16 };
  const pidKey = execKeyCodec(["pid"], 8);
  return {
    name: "exit_event",
    hook: { kind: "btf-raw-tracepoint", name: "sched_process_exit" },
    code: [
      load(8, r6, r1, 0),
      tellsLastThread(btf) ? load(8, r7, r1, 8) : [],
      keepLastThread(btf, r6, r7, REST, done),
      [keepCurrent(layout, done), loadScratch(layout, 0, done)],
      writeExecKey(btf, pidKey, place, { namespace: facts.pidNamespace, withArgs: false }),
      [load(4, r1, r9, 0), store(8, fp, value, r1), store(8, fp, task, r6), update(ending, task, value)],
      [done, mov(r0, 0), exit()],
    ],
  };
}

/** include/linux/sched.h */
const TASK_DEAD = 0x80;

function onSwitch(layout: Layout): ProgramSpec {
  const { btf, ending, exitKey } = layout;
  const done = label("done");
  const state = btf.member("task_struct", "__state") ?? btf.requireMember("task_struct", "state");
  const task = REST - 8;
  const before = Head.size + ExitPart.size;
  const to = (field: keyof typeof ExitPart.fields) => Head.size + ExitPart.offsets[field] - before;
  const place = { task: r6, key: r9, spare: r7, room: 0, stack: REST - 16 };
  const leader = offsetOf(btf, "task_struct", "group_leader");
  return {
    name: "exit_switch",
    hook: { kind: "btf-raw-tracepoint", name: "sched_switch" },
    code: [
      [load(8, r6, r1, 8), load(state.size as 4 | 8, r1, r6, state.offset)],
      [and(r1, TASK_DEAD), jump.eq(r1, 0, done)],
      [store(8, fp, task, r6), lookup(ending, task), jump.eq(r0, 0, done), load(4, r8, r0, 0)],
      [remove(ending, task), loadScratch(layout, before, done)],
      writeExecKey(btf, exitKey, place, { namespace: undefined, withArgs: false }),
      store(4, r9, exitKey.offsets.pid as number, r8),
      [writeHead(layout, Kind.exit, before), writeProcessTotal(btf, r6, r9, to("figures"))],
      [exitStatus(btf, r6, r2), store(4, r9, to("status"), r2), store(4, r9, to("pad"), 0)],
      [load(8, r1, r6, offsetOf(btf, "task_struct", "signal"))],
      [load(8, r2, r1, offsetOf(btf, "signal_struct", "maxrss")), store(8, r9, to("maxRssPages"), r2)],
      [call(helper.ktimeGetNs), load(8, r1, r6, leader)],
      [
        load(8, r1, r1, offsetOf(btf, "task_struct", "start_time")),
        sub(r0, r1),
        store(8, r9, to("ageNs"), r0),
      ],
      [mov(r3, exitKey.size), send(layout, before)],
      [done, mov(r0, 0), exit()],
    ],
  };
}

/** Where the registers of a caller keep the number of its call and the path it gave, by architecture. */
const REGISTERS = {
  x64: { number: "orig_ax", execve: "di", execveat: "si" },
  arm64: { number: "syscallno", execve: "orig_x0", execveat: "regs[1]" },
} as const;

function onFailure(layout: Layout): ProgramSpec {
  const { btf, failedKey, facts } = layout;
  const names = REGISTERS[facts.arch as keyof typeof REGISTERS];
  if (names === undefined)
    throw new NotSupportedError(`failed: architecture "${facts.arch}" is not supported`);
  if (!facts.isAtLeast(5, 11)) throw new NotSupportedError("failed: needs Linux 5.11");
  const native = nativeAbi(facts.arch);
  const done = label("done");
  const found = label("path");
  const second = label("execveat");
  const regs = (name: string) => btf.requireMember("pt_regs", name);
  const before = Head.size + FailedPart.size;
  const to = (field: keyof typeof FailedPart.fields) => Head.size + FailedPart.offsets[field] - before;
  const number = regs(names.number);
  const [context, result, path] = [REST - 8, REST - 16, REST - 24];
  const place = { task: r6, key: r9, spare: r7, room: 0, stack: REST - 24 };
  return {
    name: "exec_failed",
    // The context is (struct pt_regs *, long result).
    hook: { kind: "btf-raw-tracepoint", name: "sys_exit" },
    code: [
      [mov(r6, r1), load(8, r1, r6, 0), load(number.size as 4 | 8, r7, r1, number.offset)],
      [jump32.eq(r7, syscallNumber(native, "execveat") as number, second)],
      [jump32.ne(r7, syscallNumber(native, "execve") as number, done)],
      [load(8, r8, r1, regs(names.execve).offset), jump.always(found)],
      [second, load(8, r8, r1, regs(names.execveat).offset)],
      found,
      [load(8, r1, r6, 8), jump.sge(r1, 0, done), neg(r1), store(8, fp, result, r1), store(8, fp, path, r8)],
      [abiCode(facts, r6, r7, r8, REST - 32), jump.ne(r8, 0, done)],
      [call(helper.getCurrentTaskBtf), mov(r6, r0), store(8, fp, context, 0)],
      keepFailing(layout, done),
      loadScratch(layout, before, done),
      writeExecKey(btf, failedKey, place, { namespace: facts.pidNamespace, withArgs: false }),
      writeHead(layout, Kind.failed, before),
      [load(8, r1, fp, result), store(4, r9, to("errno"), r1), store(1, r9, to("path"), 0)],
      [
        mov(r1, r9),
        add(r1, to("path")),
        mov(r2, PATH_SIZE),
        load(8, r3, fp, path),
        call(helper.probeReadUserStr),
      ],
      [mov(r3, failedKey.size), send(layout, before)],
      [done, mov(r0, 0), exit()],
    ],
  };
}

/** Like `keepCurrent`, below what is kept on the stack; bpfkit's own child tries PATH before it is COMMAND. */
function keepFailing({ options, facts }: Layout, drop: Label): Block {
  return options.follow
    ? keepDescendants(drop)
    : keepTask(options.filter, facts.pidNamespace, REST - 32 - TASK_FILTER_STACK, drop);
}
