/** Takes samples out of the ring, unwinds their user stacks and counts equal ones, as the kernel counts the others. */
import type { Session } from "../../bpf/session";
import { lostSamples, type StackSamples } from "../../probes/stack-samples";
import { StackId } from "../../probes/stack-store";
import type { StackKey, StackWeight } from "../../probes/stack-tally";
import { userStackView } from "../../probes/user-stack-copy";
import { MOST_FRAMES, type UnwindEnd, Unwinder, type UnwindProcess } from "../../symbols/unwind/unwinder";

/** The processes that stacks are of. */
export interface UnwoundProcesses {
  /** What it has mapped; looked at now, if it is new. */
  code(pid: number, comm: string): UnwindProcess;
}

/** A user stack that was met. */
export interface UnwoundStack {
  /** The innermost frame first. */
  readonly pcs: BigUint64Array;
  readonly end: UnwindEnd;
}

type Entry = readonly [StackKey, { count: number; total: number }];

/** What is said about stacks that do not lead to the thread's first function. */
const SENTENCES: Partial<Record<UnwindEnd, string>> = {
  truncated: "go on further up than the part of the stack that is copied: --stack-size takes more",
  "no-info": "end in code without unwind information and without frame pointers",
  broken: "end in a frame that cannot be right",
  limit: `have more than ${MOST_FRAMES} frames: the outermost are missing`,
};

export class UnwoundStacks {
  private readonly unwinder: Unwinder;
  private readonly found: UnwoundStack[] = [];
  private readonly ids = new Map<string, bigint>();
  private readonly counts = new Map<string, Entry>();
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
  ) {
    this.unwinder = new Unwinder(arch);
  }

  /** Takes what is there. */
  drain(): void {
    const { record, ring } = this.samples;
    const { key, copy } = record.offsets;
    this.session.ringBuffer(ring).consume((view, at) => {
      const whose = record.fields.key.decode(view, at + key);
      const { registers, stack } = userStackView(record.fields.copy, view, at + copy);
      this.count({ ...whose, user: this.idOf(whose, registers, stack) });
    });
  }

  /** Everything counted so far. */
  get entries(): readonly (readonly [StackKey, StackWeight])[] {
    return [...this.counts.values()].map(([key, weight]) => [key, { ...weight }]);
  }

  /** Samples that found no room in the ring. */
  get lost(): number {
    return lostSamples(this.samples, this.session);
  }

  /** The stack of an id in a key. */
  stack(id: bigint): UnwoundStack | undefined {
    return this.found[Number(id - FIRST_ID)];
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

  private idOf({ pid, comm }: StackKey, registers: BigUint64Array, stack: Uint8Array): bigint {
    if (!this.unwinder.hasUserSide(registers)) return StackId.none;
    if (stack.length === 0) {
      this.unwalkable++;
      return StackId.unwalkable;
    }
    const { pcs, end } = this.unwinder.unwind(this.processes.code(pid, comm), registers, stack);
    this.ends.set(end, (this.ends.get(end) ?? 0) + 1);
    const words = BigUint64Array.from(pcs);
    const text = `${end} ${Buffer.from(words.buffer).toString("latin1")}`;
    const known = this.ids.get(text);
    if (known !== undefined) return known;
    if (this.found.length >= this.maxStacks) {
      this.full++;
      return StackId.full;
    }
    const id = FIRST_ID + BigInt(this.found.length);
    this.ids.set(text, id);
    this.found.push({ pcs: words, end });
    return id;
  }

  private count(key: StackKey): void {
    const text = Object.values(key).join("|");
    const entry = this.counts.get(text);
    if (entry === undefined) this.counts.set(text, [key, { count: 1, total: 1 }]);
    else {
      entry[1].count++;
      entry[1].total++;
    }
  }
}

/** Ids of stacks have this bit: `isStack`. */
const FIRST_ID = 1n << 63n;
