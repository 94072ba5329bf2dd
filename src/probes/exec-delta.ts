/** What groups counted since they were last read. Pure. */
import type { GroupEntry } from "./exec-group-reader";
import { type GroupKey, type GroupParts, GroupWord, nameWord } from "./exec-groups";

/** A key as text, equal for equal keys. */
function identity({ bytes }: GroupKey): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

/** Remembers the last reading, one entry per key of the map, and so no more than the map holds. */
export class ExecDelta {
  private last = new Map<string, BigUint64Array>();

  constructor(private readonly parts: GroupParts) {}

  /** The groups with what they counted since the last call. Their wall time is that until `nowNs`. */
  since(entries: readonly GroupEntry[], nowNs: bigint): GroupEntry[] {
    const now = new Map<string, BigUint64Array>();
    const changes = entries.map(({ key, words }) => {
      const text = identity(key);
      const current = this.parts.cost ? withWallTime(words, nowNs) : words;
      const before = this.last.get(text);
      now.set(text, current);
      return { key, words: before === undefined ? current : this.difference(current, before) };
    });
    this.last = now;
    return changes;
  }

  /** The key is no longer in the map; if it comes back it begins at zero. */
  forget(key: GroupKey): void {
    this.last.delete(identity(key));
  }

  /** The map was emptied: all begin at zero. */
  reset(): void {
    this.last.clear();
  }

  private difference(now: BigUint64Array, before: BigUint64Array): BigUint64Array {
    // An evicted key that came back begins at zero again: then all of it is new.
    if (now[GroupWord.execs]! < before[GroupWord.execs]!) return now;
    const end = nameWord(this.parts);
    const isState = (i: number) =>
      i >= end || (this.parts.cost && (i === GroupWord.alive || i === GroupWord.maxRssPages));
    return now.map((word, i) => (isState(i) ? word : word - before[i]!));
  }
}

/** Processes that still run count as if they ended now. */
function withWallTime(words: BigUint64Array, nowNs: bigint): BigUint64Array {
  const settled = words.slice();
  settled[GroupWord.wallNs] = words[GroupWord.wallNs]! + words[GroupWord.alive]! * nowNs;
  return settled;
}
