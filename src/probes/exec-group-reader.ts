/** Reads groups out of an open session. */
import type { BpfMap } from "../bpf/map";
import { isPerCpu } from "../bpf/map-spec";
import type { Session } from "../bpf/session";
import {
  type GroupKey,
  type GroupLosses,
  type GroupMap,
  type GroupParts,
  type Groups,
  GroupWord,
  NAME_WORDS,
  nameWord,
  type Turns,
  wordCount,
} from "./exec-groups";

/** A group as read: words since the beginning, or since the map was emptied. */
export interface GroupEntry {
  readonly key: GroupKey;
  readonly words: BigUint64Array;
}

export interface GroupReading {
  readonly entries: readonly GroupEntry[];
  readonly lost: Readonly<Record<GroupLosses | "evicted", number>>;
}

/** Where maps take turns, programs count in the first from now on: for a session that is not attached yet. */
export function beginGroups({ turns }: Groups, session: Session): void {
  if (turns !== undefined) countIn(session, turns, 0);
}

/** Reads all groups, again and again, in a session in which counting has begun. */
export class GroupReader {
  /** Which of two maps counts. */
  private turn = 0;
  /** Executions in maps that have been emptied. */
  private emptied = 0;

  constructor(
    private readonly groups: Groups,
    private readonly session: Session,
  ) {}

  /** What there is; maps that take turns are empty afterwards. While programs run, evictions are rather understated. */
  read(): GroupReading {
    const { losses, seen, turns } = this.groups;
    const total = seen === undefined ? 0 : this.session.mappedArray(seen).get(0);
    const entries = turns === undefined ? this.entries() : this.takeTurn(turns);
    const kept = entries.reduce((sum, { words }) => sum + Number(words[GroupWord.execs]), 0);
    const lost = this.session.mappedArray(losses).get(0);
    const evicted = seen === undefined ? 0 : Math.max(0, total - lost.mapFull - this.emptied - kept);
    if (turns !== undefined) this.emptied += kept;
    return { entries, lost: { ...lost, evicted } };
  }

  /** Makes room: nothing may count for this key any more. */
  remove({ key }: GroupEntry): void {
    loaded(this.session, this.groups.map).delete(key);
  }

  private entries(): GroupEntry[] {
    const { session, groups } = this;
    return loaded(session, groups.map)
      .entries()
      .map(([key, value]) => ({ key, words: oneSet(value, groups.parts) }));
  }

  /** Everything in the map that counted until now. */
  private takeTurn(turns: Turns): GroupEntry[] {
    const before = turns.maps[this.turn] as GroupMap;
    this.turn = 1 - this.turn;
    countIn(this.session, turns, this.turn);
    return loaded(this.session, before)
      .drain()
      .map(([key, value]) => ({ key, words: oneSet(value, this.groups.parts) }));
  }
}

/**
 * Returns when no program counts in the other map any more: for a map of maps the kernel waits for all that may still
 * have the old one (maybe_wait_bpf_programs, kernel/bpf/syscall.c).
 */
function countIn(session: Session, { current, maps }: Turns, turn: number): void {
  session.map(current).update(0, loaded(session, maps[turn] as GroupMap).number);
}

type Words = BigUint64Array | BigUint64Array[];

function loaded(session: Session, map: GroupMap): BpfMap<GroupKey, Words> {
  return (isPerCpu(map) ? session.perCpuMap(map) : session.map(map)) as BpfMap<GroupKey, Words>;
}

/** The words of all CPUs as one: added modulo 2^64, but for the maximum and for the name. */
function oneSet(value: Words, parts: GroupParts): BigUint64Array {
  if (!Array.isArray(value)) return value;
  const sum = new BigUint64Array(wordCount(parts));
  const name = nameWord(parts);
  for (const set of value)
    for (const [i, word] of set.entries()) {
      if (i >= name) sum[i] = word === 0n ? sum[i]! : word;
      else if (i !== GroupWord.maxRssPages) sum[i] = sum[i]! + word;
      else if (word > sum[i]!) sum[i] = word;
    }
  return sum;
}

/** The name that words hold. */
export function nameOf(set: BigUint64Array, parts: GroupParts): string | undefined {
  if (!parts.name) return undefined;
  const from = nameWord(parts);
  const raw = Buffer.from(set.buffer, set.byteOffset + from * 8, NAME_WORDS * 8);
  const end = raw.indexOf(0);
  return raw.toString("utf8", 0, end < 0 ? raw.length : end);
}
