/**
 * Takes records with copies of user stacks out of the ring, unwinds them, joins what belongs to one wait, and counts
 * equal ones, as the kernel counts the others.
 */
import type { Session } from "../../bpf/session";
import { MOST_FRAMES, type UnwindEnd, Unwinder, type UnwindProcess } from "../../symbols/unwind/unwinder";
import type { UserStackCopy } from "../../symbols/unwind/user-stack";
import { lostSamples, RecordKind, StackRecordView, type StackSamples } from "../stack-samples";
import { StackId } from "../stack-store";
import { type StackKey, type StackWeight, userStacks } from "../stack-tally";
import { PublishedRows } from "../unwind/published-rows";
import { type DistinctStack, DistinctStacks } from "./distinct-stacks";
import { SampleCounts } from "./sample-counts";

/** The processes that stacks are of. */
export interface UnwoundProcesses {
  /**
   * What it has mapped; looked at now, if it is new, or if `space` tells that it has changed: another number for each state
   * of what is mapped, 0 where that is not known.
   */
  code(pid: number, comm: string, space: bigint): UnwindProcess;
}

/** A task off its processor, and the stacks that are known of its wait so far. */
interface Wait {
  readonly startNs: number;
  user: bigint;
  wakerUser: bigint;
}

/** What is said about stacks that do not lead to the thread's first function. */
const SENTENCES: Record<Exclude<UnwindEnd, "complete">, string> = {
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
  private readonly record: StackRecordView;
  private readonly counts: SampleCounts;
  private readonly rows: PublishedRows | undefined;
  private readonly waits = new Map<number, Wait>();
  /** How stacks have ended: nearly all are complete. */
  private complete = 0;
  private readonly unfinished = new Map<Exclude<UnwindEnd, "complete">, number>();
  /** Samples whose stack was not kept, because there are as many different ones as were asked for. */
  full = 0;
  /** Stacks that came at the last look were walked further than they were copied: the next ones, from now on, a frame more. */
  isLearning = false;
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
    this.record = new StackRecordView(samples.record);
    this.counts = new SampleCounts(samples.record.fields.key);
    this.rows = samples.rows && new PublishedRows(session, samples.rows, arch);
  }

  /** How much of the ring waits to be taken, from 0 to 1. */
  get filled(): number {
    return this.session.ringBuffer(this.samples.ring).filled;
  }

  /** Takes what is there. */
  drain(): void {
    this.isLearning = false;
    this.rows?.retract();
    this.session.ringBuffer(this.samples.ring).consume(this.take);
  }

  private readonly take = (view: DataView, at: number): void => {
    const { record } = this;
    record.show(view, at);
    const { kind, tid, startNs, weight, copy } = record;
    const counts = this.counts.of(copy.words, record.keyAt);
    const { key } = counts;
    if (kind === RecordKind.returned) {
      const { user, wakerUser } = this.resolved(tid, startNs, key);
      // The others were counted when they came.
      this.complete += userStacks(key);
      counts.add(user, wakerUser, weight);
      this.waits.delete(tid);
    } else if (kind === RecordKind.woken && this.isInterrupt(key.kernel)) {
      this.addWaker(tid, startNs, StackId.none);
    } else {
      const user = this.idOf(key, copy);
      if (kind === RecordKind.sample) counts.add(user, key.wakerUser, weight);
      else if (kind === RecordKind.left) this.addWait(tid, { startNs, user, wakerUser: StackId.none });
      else this.addWaker(tid, startNs, user);
    }
  };

  /** Everything counted since the last call. */
  takeEntries(): (readonly [StackKey, StackWeight])[] {
    return this.counts.take();
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

  /**
   * Sentences about stacks whose outermost frames are missing, of those that came since the last call. The kernel has walked
   * `others` to their ends.
   */
  newNotes(others = 0): string[] {
    const ends = [...this.unfinished];
    const all = ends.reduce((sum, [, count]) => sum + count, this.complete + others);
    this.unfinished.clear();
    this.complete = 0;
    return ends.map(([end, count]) => `${count} of ${all} user stacks ${SENTENCES[end]}.`);
  }

  private countEnd(end: UnwindEnd): void {
    if (end === "complete") this.complete++;
    else this.unfinished.set(end, (this.unfinished.get(end) ?? 0) + 1);
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

  private idOf({ pid, comm }: StackKey, copy: UserStackCopy): bigint {
    if (!this.unwinder.hasUserSide(copy)) return StackId.none;
    if (copy.stackLength === 0) {
      this.unwalkable++;
      return StackId.unwalkable;
    }
    const { missing, space } = this.record;
    const process = this.processes.code(pid, comm, space);
    const stack = this.unwinder.unwind(process, copy);
    if (missing !== 0 && this.rows?.publish(process, stack, space, missing)) this.isLearning = true;
    this.countEnd(stack.end);
    const known = this.found.find(stack);
    if (known !== undefined) return known;
    if (this.found.size >= this.maxStacks) {
      this.full++;
      return StackId.full;
    }
    return this.found.add(stack);
  }
}

/** Ids of stacks have this bit: `isStack`. */
const FIRST_ID = 1n << 63n;
