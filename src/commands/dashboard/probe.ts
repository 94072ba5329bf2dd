/**
 * Options to programs and maps. Pure: the same options and facts give the same bytes.
 *
 * A program at each tracepoint adds to the counters that hang on it, in this processor's part of one array in mapped
 * memory: no helper is called for it but for the processor's number, which recent kernels put inline. Registers that
 * calls keep:
 *
 *     r6  the context; at sys_exit later the result
 *     r7  at sys_exit the system call's number, later its class
 *     r8  at sys_exit the code of its ABI; elsewhere an amount of bytes
 *     r9  this processor's counters, or by process: the process
 */
import { add, and, arsh, lsh, mov, mov32, rsh } from "../../asm/alu";
import { atomicAdd } from "../../asm/atomic";
import { helper } from "../../asm/helper-ids";
import { type Block, type Label, label } from "../../asm/instruction";
import { call, exit, jump, jump32 } from "../../asm/jump";
import { increment } from "../../asm/macros/map";
import { load, loadMapValue, store } from "../../asm/memory";
import { fp, type Register, r0, r1, r2, r6, r7, r8, r9 } from "../../asm/register";
import type { KernelFacts } from "../../bpf/facts";
import { hashMap, type MapSpec, mappableArray } from "../../bpf/map-spec";
import type { Hook, ProbeSpec, ProgramSpec } from "../../bpf/program-spec";
import { count64, u32, words } from "../../core/codec";
import { kernelIds, SHOWN_IDS_SIZE, shownIds } from "../../probes/current-task";
import { descendantMaps, descendantPrograms, keepDescendants } from "../../probes/descendants";
import { dropOurselves, type Ourselves } from "../../probes/ourselves";
import { LOWEST_ERROR } from "../../probes/stats";
import { abiCode } from "../../probes/syscall-abi";
import { typedRegisters } from "../../probes/syscall-registers";
import {
  dropProcess,
  filterMaps,
  keepTask,
  TASK_FILTER_STACK,
  type TaskFilter,
} from "../../probes/task-filter";
import { nativeAbi } from "../../symbols/syscalls";
import { type CounterName, counters, type Source } from "./counters";
import { CallClass, callClass, callClassMap } from "./syscall-classes";

/** A tracepoint of the user's own, which is counted, or a field of which is added up. */
export interface OwnTracepoint {
  /** As asked for: `t:net:net_dev_queue`. */
  readonly name: string;
  /** `net:net_dev_queue` */
  readonly tracepoint: string;
  readonly field?: TracepointField | undefined;
}

/** Where a number stands in a tracepoint's record. */
export interface TracepointField {
  readonly name: string;
  readonly offset: number;
  readonly size: 1 | 2 | 4 | 8;
  readonly signed: boolean;
}

export interface ProbeOptions {
  readonly counters: readonly CounterName[];
  readonly own: readonly OwnTracepoint[];
  readonly filter: TaskFilter;
  /** Count only the descendants of the program that bpfkit starts. */
  readonly follow: boolean;
  readonly ourselves: Ourselves;
  /** Count by process instead, into a hash map; for one counter at a time. */
  readonly byProcess: boolean;
}

export interface DashboardProbe {
  readonly spec: ProbeSpec;
  /** The names of the words of a processor's part. */
  readonly slots: readonly string[];
  readonly shards: number;
  /** All processors' parts, one after the other, each `stride` words long. */
  readonly values: MapSpec<number, BigUint64Array>;
  readonly stride: number;
}

/** Counts by process. */
export const processCounts = hashMap("process_counts", { key: u32, value: count64, maxEntries: 16_384 });
/** Events of processes that found no room there. */
export const processLosses = mappableArray("process_losses", count64, 1);

const WORD = 8;
/** Words of a cache line, so that no two processors write to the same. */
const LINE = 8;

/** The stack, from the frame pointer down. */
const SCRATCH = -Math.max(TASK_FILTER_STACK, SHOWN_IDS_SIZE, 8);
const KEY = SCRATCH - 8;
const ONE = KEY - 8;

/** Builds the probe. */
export function dashboardProbe(options: ProbeOptions, facts: KernelFacts): DashboardProbe {
  const slots = [...options.counters, ...options.own.map(({ name }) => name)];
  const shards = 2 ** Math.ceil(Math.log2(facts.possibleCpus));
  const stride = 2 ** Math.ceil(Math.log2(Math.max(slots.length, LINE)));
  const values = mappableArray("counters", words(shards * stride), 1);
  const classes = callClassMap(nativeAbi(facts.arch));
  const scene: Scene = { options, facts, slots, shards, stride, values, classes };
  const sources = new Set(options.counters.map((name) => counters[name].source));
  const programs: ProgramSpec[] = [
    ...(options.follow ? descendantPrograms(facts.btf()) : []),
    ...options.own.map((own, at) => ownProgram(scene, own, at)),
    ...[...sources].map((source) => program(scene, source)),
  ];
  const maps: MapSpec[] = [
    ...(options.byProcess ? [processCounts as MapSpec, processLosses as MapSpec] : [values as MapSpec]),
    ...(sources.has("sys_exit") && needsClass(options) ? [classes] : []),
    ...filterMaps(options.filter),
    ...(options.follow ? descendantMaps : []),
  ];
  return { spec: { maps, programs }, slots, shards, values, stride };
}

/** What all parts of the probe share. */
interface Scene {
  readonly options: ProbeOptions;
  readonly facts: KernelFacts;
  readonly slots: readonly string[];
  readonly shards: number;
  readonly stride: number;
  readonly values: MapSpec<number, BigUint64Array>;
  readonly classes: MapSpec;
}

/** Why a counter cannot be had on this kernel; undefined if it can. What BTF does not tell, attaching will. */
export function unavailable(name: CounterName, facts: KernelFacts): string | undefined {
  const { source } = counters[name];
  const btf = facts.btf();
  if (btf === undefined)
    return NEED_TYPES.includes(name) ? "needs BTF (CONFIG_DEBUG_INFO_BTF) to follow pointers" : undefined;
  return btf.rawTracepoint(source) === undefined ? `this kernel has no tracepoint "${source}"` : undefined;
}

/** Counters whose figures stand behind a pointer. */
const NEED_TYPES: readonly CounterName[] = [
  "opens",
  "closes",
  "reads",
  "read-bytes",
  "writes",
  "write-bytes",
  "rx-bytes",
  "block-ios",
  "block-bytes",
];

function hookOf(source: Source, { facts }: Scene): Hook {
  const isTyped = facts.btf()?.rawTracepoint(source) !== undefined;
  return { kind: isTyped ? "btf-raw-tracepoint" : "raw-tracepoint", name: source };
}

function program(scene: Scene, source: Source): ProgramSpec {
  const drop = label("drop");
  return {
    name: source.slice(0, 15),
    hook: hookOf(source, scene),
    code: [
      mov(r6, r1),
      keepProcesses(scene, source, drop),
      keepTask(scene.options.filter, scene.facts.pidNamespace, SCRATCH, drop),
      counting(scene, source, drop),
      [drop, mov(r0, 0), exit()],
    ],
  };
}

/** Packets arrive and leave in the name of whoever runs just then: to leave ourselves out would mean nothing. */
const NOBODYS: readonly Source[] = ["netif_receive_skb", "net_dev_xmit", "kfree_skb", "tcp_retransmit_skb"];

/** Not ourselves; with COMMAND, nothing but its descendants. */
function keepProcesses({ options, facts }: Scene, source: Source, drop: Label): Block {
  if (options.follow) return keepDescendants(drop);
  if (options.filter.pids !== undefined || NOBODYS.includes(source)) return [];
  const { ourselves } = options;
  if (source === "sys_exit") return dropOurselves(ourselves, facts, r6, drop);
  // The context of a page fault is (address, registers, error code).
  if (source === "page_fault_user" && facts.btf() !== undefined)
    return dropOurselves(ourselves, facts, r6, drop, WORD);
  const tgid = facts.btf()?.member("task_struct", "tgid");
  if (source === "sched_switch" && tgid !== undefined)
    return [load(8, r1, r6, WORD), load(4, r1, r1, tgid.offset), jump32.eq(r1, ourselves.pid, drop)];
  return [kernelIds(), dropProcess(r0, ourselves.pid, drop)];
}

/** Adds what the source's counters count. Contexts hold a word per argument: include/trace/events. */
function counting(scene: Scene, source: Source, drop: Label): Block {
  switch (source) {
    case "sys_exit":
      return countCalls(scene, drop);
    case "netif_receive_skb":
      return [amount(scene, "sk_buff", "len", 0), place(scene), addBoth(scene, "rx-packets", "rx-bytes")];
    case "net_dev_xmit":
      // (skb, rc, dev, length): NETDEV_TX_OK is 0.
      return [
        [load(8, r1, r6, WORD), jump32.ne(r1, 0, drop), load(8, r8, r6, 3 * WORD), mov32(r8, r8)],
        [place(scene), addBoth(scene, "tx-packets", "tx-bytes")],
      ];
    case "block_bio_queue":
      return [
        amount(scene, "bio", "bi_iter.bi_size", bioArgument(scene)),
        [place(scene), addBoth(scene, "block-ios", "block-bytes")],
      ];
    case "inet_sock_set_state":
      return countTcp(scene, drop);
    default: {
      const [name] = scene.options.counters.filter((one) => counters[one].source === source);
      return name === undefined ? [] : [place(scene), addOne(scene, name)];
    }
  }
}

/** r8 = a member of the struct that an argument points to; nothing without types. */
function amount({ facts }: Scene, type: string, member: string, argument: number): Block {
  const found = facts.btf()?.member(type, member);
  if (found === undefined) return [mov(r8, 0)];
  return [load(8, r8, r6, argument * WORD), load(4, r8, r8, found.offset)];
}

/** Before Linux 5.11 the queue came first. */
function bioArgument({ facts }: Scene): number {
  return (facts.btf()?.rawTracepoint("block_bio_queue")?.params.length ?? 1) - 1;
}

/** TCP states (include/net/tcp_states.h) and protocol (include/uapi/linux/in.h). */
const ESTABLISHED = 1;
const SYN_SENT = 2;
const SYN_RECV = 3;
const IPPROTO_TCP = 6;

/** The context is (sock, old state, new state). */
function countTcp(scene: Scene, drop: Label): Block {
  const protocol = scene.facts.btf()?.member("sock", "sk_protocol");
  const other = label("not_active");
  return [
    protocol === undefined
      ? []
      : [
          [load(8, r1, r6, 0), load(protocol.size as 1 | 2 | 4, r1, r1, protocol.offset)],
          jump32.ne(r1, IPPROTO_TCP, drop),
        ],
    [load(8, r7, r6, WORD), load(8, r8, r6, 2 * WORD), jump32.ne(r8, SYN_SENT, other)],
    [place(scene), addOne(scene, "connects"), jump.always(drop)],
    [other, jump32.ne(r8, ESTABLISHED, drop), jump32.ne(r7, SYN_RECV, drop)],
    [place(scene), addOne(scene, "accepts")],
  ];
}

/** Counters that depend on which call it was, and the return of a child from its parent's fork. */
function needsClass({ counters: names }: ProbeOptions): boolean {
  return names.some((name) => counters[name].source === "sys_exit");
}

/** The context is (struct pt_regs *, long result). */
function countCalls(scene: Scene, drop: Label): Block {
  const { facts, classes } = scene;
  const btf = typedRegisters(facts);
  const native = nativeAbi(facts.arch);
  const succeeded = label("succeeded");
  const forks = label("other_than_fork");
  const number: Block =
    btf === undefined
      ? [mov(r7, 0)]
      : [
          [load(8, r1, r6, 0), numberOf(facts.arch, btf.requireMember.bind(btf))],
          abiCode(facts, r6, r7, r8, SCRATCH),
          callClass(native, classes, r7, r7, r8),
        ];
  return [
    number,
    load(8, r6, r6, WORD),
    // A child begins with the return from the fork of its parent, which counts there.
    [jump32.ne(r7, CallClass.fork, forks), jump.eq(r6, 0, drop), forks],
    [place(scene), addOne(scene, "syscalls"), jump.lt(r6, LOWEST_ERROR, succeeded)],
    [addOne(scene, "failed"), jump.always(drop), succeeded],
    ofClass(scene, CallClass.open, [addOne(scene, "opens")], drop),
    ofClass(scene, CallClass.close, [addOne(scene, "closes")], drop),
    ofClass(scene, CallClass.read, [addOne(scene, "reads"), addAmount(scene, "read-bytes", r6)], drop),
    ofClass(scene, CallClass.write, [addOne(scene, "writes"), addAmount(scene, "write-bytes", r6)], drop),
  ];
}

/** r7 = the number of the call whose registers r1 points to. */
function numberOf(arch: string, member: (type: string, path: string) => { offset: number }): Block {
  return arch === "arm64"
    ? [load(4, r7, r1, member("pt_regs", "syscallno").offset)]
    : [load(8, r7, r1, member("pt_regs", "orig_ax").offset)];
}

function ofClass({ facts }: Scene, kind: number, then: readonly Block[], done: Label): Block {
  if (
    typedRegisters(facts) === undefined ||
    then.every((block) => Array.isArray(block) && block.length === 0)
  )
    return [];
  const other = label("other_class");
  return [jump32.ne(r7, kind, other), then, jump.always(done), other];
}

/** r9 = this processor's counters; by process: nothing, the key is written when something is added. Loses r0–r5. */
function place({ options, facts, shards, stride, values }: Scene): Block {
  if (options.byProcess) return [shownIds(facts.pidNamespace, SCRATCH), rsh(r0, 32), store(8, fp, KEY, r0)];
  return [
    [call(helper.getSmpProcessorId), and(r0, shards - 1), lsh(r0, Math.log2(stride * WORD))],
    [loadMapValue(r9, values), add(r9, r0)],
  ];
}

function addBoth(scene: Scene, events: CounterName, bytes: CounterName): Block {
  return [addOne(scene, events), addAmount(scene, bytes, r8)];
}

/** Adds one to a counter, if it is asked for. */
function addOne(scene: Scene, name: string): Block {
  const at = scene.slots.indexOf(name);
  if (at < 0) return [];
  if (scene.options.byProcess) return incrementProcess(1);
  return [mov(r1, 1), atomicAdd(8, r9, at * WORD, r1)];
}

/** Adds a register to a counter, if it is asked for. */
function addAmount(scene: Scene, name: string, by: Register): Block {
  const at = scene.slots.indexOf(name);
  if (at < 0) return [];
  return scene.options.byProcess ? incrementProcess(by) : [atomicAdd(8, r9, at * WORD, by)];
}

function incrementProcess(by: number | Register): Block {
  const onFull: Block = [loadMapValue(r1, processLosses), mov(r2, 1), atomicAdd(8, r1, 0, r2)];
  return increment(processCounts, KEY, ONE, { by, onFull });
}

/** A tracepoint through perf, whose context is its record. */
function ownProgram(scene: Scene, { name, tracepoint, field }: OwnTracepoint, at: number): ProgramSpec {
  const drop = label("drop");
  const { options, facts } = scene;
  const ourselves: Block =
    options.filter.pids !== undefined ? [] : [kernelIds(), dropProcess(r0, options.ourselves.pid, drop)];
  return {
    name: `own_${at}`,
    hook: { kind: "tracepoint", name: tracepoint },
    code: [
      mov(r6, r1),
      options.follow ? keepDescendants(drop) : ourselves,
      keepTask(options.filter, facts.pidNamespace, SCRATCH, drop),
      field === undefined ? [] : loadField(field),
      [place(scene), field === undefined ? addOne(scene, name) : addAmount(scene, name, r8)],
      // 0 would hide the event from others who have opened it through perf.
      [drop, mov(r0, 1), exit()],
    ],
  };
}

/** r8 = the field. Loads that extend the sign are younger than some kernels. */
function loadField({ offset, size, signed }: TracepointField): Block {
  const above = 64 - 8 * size;
  return [load(size, r8, r6, offset), signed && above > 0 ? [lsh(r8, above), arsh(r8, above)] : []];
}
