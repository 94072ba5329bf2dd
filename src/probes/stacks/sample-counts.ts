/** What samples add up to, by whose they are and the stacks found. Nothing is made for a sample like one before it. */
import type { StackKey, StackKeyCodec, StackWeight } from "../stack-tally";
import { mixed } from "./hash";

/** Stacks that samples of one key had, instead of those in the key. */
interface Counted {
  readonly user: bigint;
  readonly wakerUser: bigint | undefined;
  count: number;
  total: number;
  /** Another one with this user stack: hardly ever are there several stacks of wakers. */
  readonly next: Counted | undefined;
}

/** What was counted for one key as the kernel wrote it. */
export class KeyCounts {
  private readonly byUser = new Map<bigint, Counted>();

  constructor(
    readonly key: StackKey,
    /** Its bytes. */
    readonly words: Uint32Array,
    /** Another one with the same hash. */
    readonly next: KeyCounts | undefined,
  ) {}

  /** Counts one, with these stacks instead of the key's own. */
  add(user: bigint, wakerUser: bigint | undefined, weight: number): void {
    const alike = this.byUser.get(user);
    let counted = alike;
    while (counted !== undefined && counted.wakerUser !== wakerUser) counted = counted.next;
    if (counted === undefined)
      this.byUser.set(user, { user, wakerUser, count: 1, total: weight, next: alike });
    else {
      counted.count++;
      counted.total += weight;
    }
  }

  *entries(): Generator<readonly [StackKey, StackWeight]> {
    for (const first of this.byUser.values())
      for (let each: Counted | undefined = first; each !== undefined; each = each.next) {
        const { user, wakerUser, count, total } = each;
        const key = { ...this.key, user, ...(wakerUser === undefined ? {} : { wakerUser }) };
        yield [key, { count, total }];
      }
  }
}

export class SampleCounts {
  private byHash = new Map<number, KeyCounts>();

  constructor(private readonly codec: StackKeyCodec) {}

  /** What was counted for the key that begins at index `at` of `words`. */
  of(words: Uint32Array, at: number): KeyCounts {
    const length = this.codec.size / Uint32Array.BYTES_PER_ELEMENT;
    let hash = 0;
    for (let i = 0; i < length; i++) hash = mixed(hash, words[at + i] as number);
    const alike = this.byHash.get(hash);
    for (let known = alike; known !== undefined; known = known.next)
      if (isAt(known.words, words, at)) return known;
    const copy = words.slice(at, at + length);
    const known = new KeyCounts(this.codec.decode(new DataView(copy.buffer), 0), copy, alike);
    this.byHash.set(hash, known);
    return known;
  }

  /** Everything counted since the last call. */
  take(): (readonly [StackKey, StackWeight])[] {
    const entries: (readonly [StackKey, StackWeight])[] = [];
    for (const first of this.byHash.values())
      for (let each: KeyCounts | undefined = first; each !== undefined; each = each.next)
        for (const entry of each.entries()) entries.push(entry);
    this.byHash = new Map();
    return entries;
  }
}

function isAt(key: Uint32Array, words: Uint32Array, at: number): boolean {
  for (let i = 0; i < key.length; i++) if (key[i] !== words[at + i]) return false;
  return true;
}
