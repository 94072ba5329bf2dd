/** What the programs of events share: the maps, and how they write a record and send it. Pure. */
import { add, mov, sub } from "../../asm/alu";
import { atomicAdd } from "../../asm/atomic";
import { helper } from "../../asm/helper-ids";
import { type Block, type Label, label } from "../../asm/instruction";
import { call, jump, jump32 } from "../../asm/jump";
import { lookup } from "../../asm/macros/map";
import { loadMap, loadMapValue, store } from "../../asm/memory";
import { fp, r0, r1, r2, r3, r4, r6, r9 } from "../../asm/register";
import type { Btf } from "../../bpf/btf/btf";
import type { KernelFacts } from "../../bpf/facts";
import { hashMap, mappableArray, perCpuArrayMap, ringBuffer } from "../../bpf/map-spec";
import type { OwnIds } from "../../bpf/own-ids";
import { RingBufferFlag } from "../../core/bpf-uapi";
import { bytes, count64, struct, u32, u64 } from "../../core/codec";
import { keepDescendants } from "../../probes/descendants";
import { parentId } from "../../probes/exec-key";
import { PATH_ROOM } from "../../probes/file-path";
import type { Follow } from "../../probes/follow";
import { ownNamespace } from "../../probes/shown-process";
import { keepTask, TASK_FILTER_STACK, type TaskFilter } from "../../probes/task-filter";
import { ExitPart, FailedPart, Head, recordCodecs } from "./event-records";

export interface EventOptions {
  /** The executions themselves. */
  readonly execs: boolean;
  readonly exits: boolean;
  readonly failed: boolean;
  readonly exe: boolean;
  readonly argsSize: number;
  readonly filter: TaskFilter;
  readonly follow: boolean;
  readonly ourselves: OwnIds;
}

/** What is known of a process between its exit and its last switch. */
export const Ending = struct({ pid: u32, pad: u32, maxRssPages: u64 });

/** Bytes of the ring buffer: some ten thousand executions with short command lines. */
const RING_SIZE = 4 * 1024 * 1024;
/** Processes between their exit and their last switch. */
const MOST_ENDING = 4096;

const INDEX = -8;
/** Below it the stack is free. */
export const REST = -16;

export const roundUp = (size: number) => Math.ceil(size / 8) * 8;

/** Lays out the maps. */
export function layOut(options: EventOptions, facts: KernelFacts, btf: Btf) {
  const codecs = recordCodecs(options);
  const room =
    Math.max(Head.size + ExitPart.size, Head.size + FailedPart.size) + roundUp(codecs.execKey.size);
  return {
    ...codecs,
    options,
    facts,
    btf,
    namespace: ownNamespace(facts, options.ourselves),
    ring: ringBuffer("exec_events", RING_SIZE, codecs.decode),
    losses: mappableArray("event_losses", count64, 1),
    scratch: perCpuArrayMap("event_scratch", bytes(room + PATH_ROOM), 1),
    ending: hashMap("ending", { key: u64, value: Ending, maxEntries: MOST_ENDING }),
  };
}

export type Layout = ReturnType<typeof layOut>;

export const offsetOf = (btf: Btf, type: string, member: string) => btf.requireMember(type, member).offset;

/** r9 = the place of the key in the record, `before` bytes behind its start. Loses r0–r5. */
export function loadScratch({ scratch }: Layout, before: number, none: Label): Block {
  return [
    [store(4, fp, INDEX, 0), lookup(scratch, INDEX), jump.eq(r0, 0, none)],
    [mov(r9, r0), add(r9, before)],
  ];
}

/** Goes to `drop` unless the current task is one of those that count. `stack` names the end of free bytes. */
export function keepCurrent({ options, facts }: Layout, drop: Label, stack: number = REST): Block {
  return options.follow
    ? keepDescendants(drop)
    : keepTask(options.filter, facts.pidNamespace, stack - TASK_FILTER_STACK, drop);
}

/** Writes the head of a record whose key, in r9, is `before` bytes behind it; the task is r6. `stack` as above. Loses r0–r5. */
export function writeHead(
  { btf, namespace }: Layout,
  kind: number,
  before: number,
  stack: number = REST,
  follow?: Follow,
): Block {
  const to = (field: keyof typeof Head.fields) => Head.offsets[field] - before;
  return [
    [call(helper.ktimeGetNs), store(8, r9, to("timeNs"), r0), store(4, r9, to("kind"), kind)],
    [parentId(btf, namespace, r6, stack, follow), store(4, r9, to("ppid"), r1)],
  ];
}

/** Sends `before` bytes and those in r3. Counts a loss when the ring is full. Loses r0–r5. */
export function send(layout: Layout, before: number): Block {
  const sent = label("sent");
  return [
    [add(r3, before), loadMap(r1, layout.ring), mov(r2, r9), sub(r2, before)],
    [mov(r4, RingBufferFlag.BPF_RB_NO_WAKEUP), call(helper.ringbufOutput), jump32.eq(r0, 0, sent)],
    [countLost(layout), sent],
  ];
}

/** Counts an event that is lost. Loses r1 and r2. */
export function countLost({ losses }: Layout): Block {
  return [loadMapValue(r1, losses), mov(r2, 1), atomicAdd(8, r1, 0, r2)];
}
