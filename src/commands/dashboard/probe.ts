/**
 * Options to programs and maps. Pure: the same options and facts give the same bytes.
 *
 * A program at each tracepoint adds to the counters that hang on it, in this processor's part of one array in mapped
 * memory: no helper is called for it but for the processor's number, which recent kernels put inline. Register 6 holds
 * the context, 8 an amount of bytes, 9 this processor's counters.
 */
import { mov, mov32 } from "../../asm/alu";
import { type Block, type Label, label } from "../../asm/instruction";
import { exit, jump, jump32 } from "../../asm/jump";
import { load } from "../../asm/memory";
import { r0, r1, r6, r7, r8 } from "../../asm/register";
import type { KernelFacts } from "../../bpf/facts";
import { type MapSpec, mappableArray } from "../../bpf/map-spec";
import type { Hook, ProbeSpec, ProgramSpec } from "../../bpf/program-spec";
import { words } from "../../core/codec";
import { kernelIds } from "../../probes/current-task";
import { descendantMaps, descendantPrograms, keepDescendants } from "../../probes/descendants";
import { dropOurselves } from "../../probes/ourselves";
import { dropProcess, filterMaps, keepTask } from "../../probes/task-filter";
import { nativeAbi } from "../../symbols/syscalls";
import { countCalls } from "./call-counters";
import { type CounterName, counters, type Source } from "./counters";
import { ownPrograms } from "./own-programs";
import {
  addAmount,
  addOne,
  type ProbeOptions,
  place,
  processCounts,
  processLosses,
  SCRATCH,
  type Scene,
  WORD,
} from "./slots";
import { callClassMap } from "./syscall-classes";

export interface DashboardProbe {
  readonly spec: ProbeSpec;
  /** The names of the words of a processor's part. */
  readonly slots: readonly string[];
  readonly shards: number;
  /** All processors' parts, one after the other, each `stride` words long. */
  readonly values: MapSpec<number, BigUint64Array>;
  readonly stride: number;
}

/** Words of a cache line, so that no two processors write to the same. */
const LINE = 8;

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
    ...options.own.flatMap((own, at) => ownPrograms(scene, own, `own_${at}`)),
    ...[...sources].map((source) => program(scene, source)),
  ];
  const maps: MapSpec[] = [
    ...(options.byProcess ? [processCounts as MapSpec, processLosses as MapSpec] : [values as MapSpec]),
    ...(sources.has("sys_exit") ? [classes] : []),
    ...filterMaps(options.filter),
    ...(options.follow ? descendantMaps : []),
  ];
  return { spec: { maps, programs }, slots, shards, values, stride };
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

function addBoth(scene: Scene, events: CounterName, bytes: CounterName): Block {
  return [addOne(scene, events), addAmount(scene, bytes, r8)];
}
