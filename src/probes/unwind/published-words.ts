/** The words of places, as user space writes them: each is there as a whole before a program can find it. */
import { type BlockBits, placeOf, WAYS } from "./rows";

export class PublishedWords {
  /** Which word of a set makes room next. */
  private next = 0;

  constructor(private readonly words: BigUint64Array) {}

  /** Says what number a block has. The index of its word; undefined if it was there. */
  publish(space: bigint, address: number, bits: BlockBits, number: bigint): number | undefined {
    const { at, tag } = placeOf(space, address, bits);
    const word = tag | number;
    let free: number | undefined;
    for (let way = at; way < at + WAYS; way++) {
      if (this.words[way] === word) return undefined;
      if (this.words[way] === 0n) free ??= way;
    }
    const way = free ?? at + (this.next++ % WAYS);
    Atomics.store(this.words, way, word);
    return way;
  }

  at(index: number): bigint {
    return this.words[index] as bigint;
  }

  /** Takes a word back, unless it has made room for another one. */
  retract(index: number, word: bigint): void {
    if (this.words[index] === word) Atomics.store(this.words, index, 0n);
  }
}

/** The largest block around an address that lies within a range; a smallest one if none does. */
export function blockAround(
  address: number,
  from: number,
  to: number,
  sizes: readonly BlockBits[],
): BlockBits {
  const found = sizes.find((bits) => {
    const first = address - (address % 2 ** bits);
    return first >= from && first + 2 ** bits <= to;
  });
  return found ?? (sizes.at(-1) as BlockBits);
}

/** The blocks that a range consists of, the largest where they fit. */
export function* blocksOf(
  from: number,
  to: number,
  sizes: readonly BlockBits[],
): Generator<{ readonly address: number; readonly bits: BlockBits }> {
  const smallest = sizes.at(-1) as BlockBits;
  for (let address = from; address < to; ) {
    const bits = sizes.find((each) => address % 2 ** each === 0 && address + 2 ** each <= to) ?? smallest;
    yield { address, bits };
    address += 2 ** bits;
  }
}
