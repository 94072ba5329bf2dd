/**
 * Reads what the kernel has counted, and the stacks that its ids stand for, from one time to the next. Maps that are
 * read more than once take turns, so that there is room again each time and nothing is lost.
 */
import type { Session } from "../../bpf/session";
import { type Away, type OffCpu, readOffCpu } from "../off-cpu";
import type { StackStore } from "../stack-store";
import type { StackKey, StackTally, StackWeight } from "../stack-tally";
import { beginTurns, TurnReader } from "../turn-map";

/** A pair of stacks and what was counted for it. */
export type Entry = readonly [StackKey, StackWeight];

type Stacks = Map<bigint, BigUint64Array>;

/** What has come since the last reading. */
export interface CountedStacks {
  readonly entries: readonly Entry[];
  /** Stacks by their ids: of the entries, and of waits that have not ended. */
  readonly walked: ReadonlyMap<bigint, BigUint64Array>;
  readonly off: { readonly away: readonly Away[]; readonly tasksFull: number } | undefined;
}

/** The maps that programs count in, from the first event on. */
export function beginCounting(
  { store, tally }: { readonly store: StackStore; readonly tally: StackTally },
  session: Session,
): void {
  beginTurns(store.stacks, session);
  beginTurns(tally.counts, session);
}

/** Reads again and again in a session in which counting has begun. */
export class CountedStacksReader {
  private readonly counts: TurnReader<StackKey, StackWeight>;
  private readonly stacks: TurnReader<bigint, BigUint64Array>;
  /** Stacks that are no longer in a map and may be asked for. */
  private kept: Stacks = new Map();

  constructor(
    private readonly session: Session,
    store: StackStore,
    tally: StackTally,
    private readonly offCpu: OffCpu | undefined,
  ) {
    this.stacks = new TurnReader(store.stacks, session);
    this.counts = new TurnReader(tally.counts, session);
  }

  /** A stack that was met not long ago. */
  stack(id: bigint): BigUint64Array | undefined {
    return this.stacks.current.lookup(id) ?? this.stacks.previous.lookup(id) ?? this.kept.get(id);
  }

  /**
   * Reads, and makes room. The order matters. After the turn of the stacks, programs take ids from the new map only;
   * older ones are in what was counted, or in the entries of waits, which therefore are read before the counts' turn:
   * a wait that ends in between is counted for the next time, and its stacks are kept.
   *
   * `takeRecords` is called when both have turned: what it takes may refer to all stacks that are returned.
   */
  read(takeRecords: () => void): CountedStacks {
    this.stacks.turn();
    const off = this.offCpu === undefined ? undefined : readOffCpu(this.offCpu, this.session);
    this.counts.turn();
    takeRecords();
    const entries = this.counts.take();
    const taken: Stacks = new Map(this.stacks.take());
    const newest = this.stacks.takesTurns ? this.stacks.current.entries() : [];
    const walked: Stacks = new Map([...this.kept, ...taken, ...newest]);
    this.kept = taken;
    for (const { key } of off?.away ?? [])
      for (const id of [key.kernel, key.user, key.wakerKernel, key.wakerUser]) {
        const stack = id === undefined ? undefined : walked.get(id);
        if (stack !== undefined) this.kept.set(id as bigint, stack);
      }
    return { entries, walked, off };
  }
}
