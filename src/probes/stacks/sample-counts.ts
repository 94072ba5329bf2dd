/** What samples add up to, by whose they are and the stacks found. Nothing is made for a sample like one before it. */
import type { StackKey, StackKeyCodec, StackWeight } from "../stack-tally";
import { mixed } from "./hash";

type Entry = readonly [StackKey, { count: number; total: number }];

/** What was counted for one key as the kernel wrote it. */
export class KeyCounts {
  /** By the user stack; hardly ever with more than one stack of a waker. */
  private readonly byUser = new Map<bigint, Entry[]>();

  constructor(
    readonly key: StackKey,
    /** Its bytes. */
    readonly words: Uint32Array,
  ) {}

  /** Counts one, with these stacks instead of the key's own. */
  add(user: bigint, wakerUser: bigint | undefined, weight: number): void {
    const entry = this.find(user, wakerUser);
    if (entry === undefined) {
      const whole = { ...this.key, user, ...(wakerUser === undefined ? {} : { wakerUser }) };
      this.byUser.set(user, [...(this.byUser.get(user) ?? []), [whole, { count: 1, total: weight }]]);
    } else {
      entry[1].count++;
      entry[1].total += weight;
    }
  }

  get entries(): Entry[] {
    return [...this.byUser.values()].flat();
  }

  private find(user: bigint, wakerUser: bigint | undefined): Entry | undefined {
    const alike = this.byUser.get(user);
    if (alike !== undefined) for (const entry of alike) if (entry[0].wakerUser === wakerUser) return entry;
    return undefined;
  }
}

export class SampleCounts {
  private byHash = new Map<number, KeyCounts[]>();

  constructor(private readonly codec: StackKeyCodec) {}

  /** What was counted for the key that begins at index `at` of `words`. */
  of(words: Uint32Array, at: number): KeyCounts {
    const length = this.codec.size / Uint32Array.BYTES_PER_ELEMENT;
    let hash = 0;
    for (let i = 0; i < length; i++) hash = mixed(hash, words[at + i] as number);
    const alike = this.byHash.get(hash);
    if (alike !== undefined) for (const known of alike) if (isAt(known.words, words, at)) return known;
    const copy = words.slice(at, at + length);
    const known = new KeyCounts(this.codec.decode(new DataView(copy.buffer), 0), copy);
    this.byHash.set(hash, [...(alike ?? []), known]);
    return known;
  }

  /** Everything counted since the last call. */
  take(): (readonly [StackKey, StackWeight])[] {
    const entries = [...this.byHash.values()].flatMap((alike) => alike.flatMap((known) => known.entries));
    this.byHash = new Map();
    return entries;
  }
}

function isAt(key: Uint32Array, words: Uint32Array, at: number): boolean {
  for (let i = 0; i < key.length; i++) if (key[i] !== words[at + i]) return false;
  return true;
}
