/**
 * Takes records with copies of user stacks out of the ring, unwinds them, joins what belongs to one wait, and counts
 * equal ones, as the kernel counts the others.
 */
import type { Session } from "../../bpf/session";
import { MOST_FRAMES, type UnwindEnd, Unwinder, type UnwindProcess } from "../../symbols/unwind/unwinder";
import { lostSamples, RecordKind, type StackSamples } from "../stack-samples";
import { StackId } from "../stack-store";
import type { StackKey, StackWeight } from "../stack-tally";
import { userStackView } from "../user-stack-copy";
import { type DistinctStack, DistinctStacks } from "./distinct-stacks";

/** The processes that stacks are of. */
export interface UnwoundProcesses {
  /** What it has mapped; looked at now, if it is new. */
  code(pid: number, comm: string): UnwindProcess;
}

type Entry = readonly [StackKey, { count: number; total: number }];

/** A task off its processor, and the stacks that are known of its wait so far. */
interface Wait {
  readonly startNs: number;
  user: bigint;
  wakerUser: bigint;
}

/** What is said about stacks that do not lead to the thread's first function. */
const SENTENCES: Partial<Record<UnwindEnd, string>> = {
  truncated: "go on further up than the part of the stack that is copied: --stack-size takes more",
  "no-info": "end in code without unwind information and without frame pointers",
  broken: "end in a frame that cannot be right",
  limit: `have more than ${MOST_FRAMES} frames: the outermost are missing`,
};

/** Waits kept: those too short to be told of never return, nor do those of threads that have ended. */
const MOST_WAITS = 65536;

export class UnwoundStacks {
  private readonly unwinder: Unwinder;
  private readonly found = new DistinctStacks(FIRST_ID);
  private counts = new Map<string, Entry>();
  /** Keys by their bytes: most samples have one that was met before. */
  private keys = new Map<string, StackKey>();
  private readonly waits = new Map<number, Wait>();
  private ends = new Map<UnwindEnd, number>();
  /** Samples whose stack was not kept, because there are as many different ones as were asked for. */
  full = 0;
  /** Samples of whose user stack nothing could be read: its page is not in memory. */
  unwalkable = 0;

  constructor(
    private readonly session: Session,
    private readonly samples: StackSamples,
    private readonly processes: UnwoundProcesses,
    private readonly maxStacks: number,
    arch: string,
    /** True for the id of a kernel stack that an interrupt began: whom it interrupted is no waker. */
    private readonly isInterrupt: (kernel: bigint) => boolean,
  ) {
    this.unwinder = new Unwinder(arch);
  }

  /** How much of the ring waits to be taken, from 0 to 1. */
  get filled(): number {
    const { pending, spec } = this.session.ringBuffer(this.samples.ring);
    return pending / spec.maxEntries;
  }

  /** Takes what is there. */
  drain(): void {
    const { record, ring } = this.samples;
    const { offsets, fields } = record;
    this.session.ringBuffer(ring).consume((view, at) => {
      const kind = fields.kind.decode(view, at + offsets.kind);
      const tid = fields.tid.decode(view, at + offsets.tid);
      const startNs = fields.startNs.decode(view, at + offsets.startNs);
      const weight = fields.weight.decode(view, at + offsets.weight);
      const keyBytes = latin1(view, at + offsets.key, fields.key.size);
      const key = this.keys.get(keyBytes) ?? this.addKey(keyBytes, fields.key.decode(view, at + offsets.key));
      if (kind === RecordKind.returned) {
        const { user, wakerUser } = this.resolved(tid, startNs, key);
        this.count(keyBytes, key, user, wakerUser, weight);
        this.waits.delete(tid);
        return;
      }
      if (kind === RecordKind.woken && this.isInterrupt(key.kernel)) {
        this.addWaker(tid, startNs, StackId.none);
        return;
      }
      const { registers, stack } = userStackView(fields.copy, view, at + offsets.copy);
      const user = this.idOf(key, registers, stack);
      if (kind === RecordKind.sample) this.count(keyBytes, key, user, key.wakerUser, weight);
      else if (kind === RecordKind.left) this.addWait(tid, { startNs, user, wakerUser: StackId.none });
      else this.addWaker(tid, startNs, user);
    });
  }

  /** Everything counted since the last call. */
  takeEntries(): (readonly [StackKey, StackWeight])[] {
    const entries = [...this.counts.values()];
    this.counts = new Map();
    this.keys = new Map();
    return entries;
  }

  /** The key of a task that is off its processor, with the stacks that were copied of its wait. */
  resolved(tid: number, startNs: number, key: StackKey): StackKey {
    const wait = this.waits.get(tid);
    const known = wait?.startNs === startNs ? wait : undefined;
    return {
      ...key,
      ...(key.user === StackId.copied ? { user: known?.user ?? StackId.full } : {}),
      ...(key.wakerUser === StackId.copied ? { wakerUser: known?.wakerUser ?? StackId.full } : {}),
    };
  }

  /** Makes room: forgets all stacks but those of waits that have not ended. */
  forget(): void {
    this.found.retain([...this.waits.values()].flatMap(({ user, wakerUser }) => [user, wakerUser]));
  }

  /** Samples that found no room in the ring. */
  get lost(): number {
    return lostSamples(this.samples, this.session);
  }

  /** The stack of an id in a key. */
  stack(id: bigint): DistinctStack | undefined {
    return this.found.stack(id);
  }

  /** Sentences about stacks whose outermost frames are missing, of those that came since the last call. */
  newNotes(): string[] {
    const ends = [...this.ends];
    const all = ends.reduce((sum, [, count]) => sum + count, 0);
    this.ends = new Map();
    return ends.flatMap(([end, count]) => {
      const sentence = SENTENCES[end];
      return sentence === undefined ? [] : [`${count} of ${all} user stacks ${sentence}.`];
    });
  }

  private addWait(tid: number, wait: Wait): void {
    // The oldest is first, so that one which waits for long is behind those that are never heard of again.
    this.waits.delete(tid);
    this.waits.set(tid, wait);
    if (this.waits.size > MOST_WAITS) this.waits.delete(this.waits.keys().next().value as number);
  }

  private addWaker(tid: number, startNs: number, wakerUser: bigint): void {
    const wait = this.waits.get(tid);
    if (wait?.startNs === startNs) wait.wakerUser = wakerUser;
    else this.addWait(tid, { startNs, user: StackId.none, wakerUser });
  }

  private idOf({ pid, comm }: StackKey, registers: BigUint64Array, stack: Uint8Array): bigint {
    if (!this.unwinder.hasUserSide(registers)) return StackId.none;
    if (stack.length === 0) {
      this.unwalkable++;
      return StackId.unwalkable;
    }
    const { pcs, end } = this.unwinder.unwind(this.processes.code(pid, comm), registers, stack);
    this.ends.set(end, (this.ends.get(end) ?? 0) + 1);
    const known = this.found.find(pcs, end);
    if (known !== undefined) return known;
    if (this.found.size >= this.maxStacks) {
      this.full++;
      return StackId.full;
    }
    return this.found.add(pcs, end);
  }

  private addKey(keyBytes: string, key: StackKey): StackKey {
    this.keys.set(keyBytes, key);
    return key;
  }

  /** Counts for the key of these bytes, with these stacks instead of its own. */
  private count(
    keyBytes: string,
    key: StackKey,
    user: bigint,
    wakerUser: bigint | undefined,
    weight: number,
  ): void {
    const text = `${keyBytes}${user} ${wakerUser}`;
    const entry = this.counts.get(text);
    if (entry === undefined) {
      const whole = { ...key, user, ...(wakerUser === undefined ? {} : { wakerUser }) };
      this.counts.set(text, [whole, { count: 1, total: weight }]);
    } else {
      entry[1].count++;
      entry[1].total += weight;
    }
  }
}

/** Ids of stacks have this bit: `isStack`. */
const FIRST_ID = 1n << 63n;

function latin1(view: DataView, at: number, length: number): string {
  return Buffer.from(view.buffer, view.byteOffset + at, length).toString("latin1");
}
