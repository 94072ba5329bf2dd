import type { ByteSource } from "./source";

const BLOCK = 64 * 1024;
/** Template libraries have names of tens of kilobytes; a damaged table has no end. */
const LONGEST = 64 * 1024;

/** The names of a symbol table. Blocks of it are read when a name in them is asked for, and kept. */
export class StringTable {
  private readonly blocks = new Map<number, Buffer>();

  constructor(
    private readonly source: ByteSource,
    private readonly offset: number,
    readonly size: number,
  ) {}

  /** The name that begins at `start`, which ends at a NUL or with the table. */
  at(start: number): string {
    let name = "";
    for (let from = start; from < this.size && name.length < LONGEST; ) {
      const number = Math.floor(from / BLOCK);
      const block = this.block(number);
      const begin = from - number * BLOCK;
      const end = block.indexOf(0, begin);
      name += block.toString("latin1", begin, end === -1 ? block.length : end);
      if (end !== -1) break;
      from = (number + 1) * BLOCK;
    }
    return name;
  }

  /** Where `name` begins: at several places, because linkers let a name be the tail of a longer one. */
  placesOf(name: string): Set<number> {
    const wanted = Buffer.from(`${name}\0`, "latin1");
    const places = new Set<number>();
    for (let from = 0; from < this.size; from += SEARCH) {
      // The last of a piece may be cut off: it is whole in the next, which begins earlier.
      const piece = this.source.read(
        this.offset + from,
        Math.min(SEARCH + wanted.length - 1, this.size - from),
      );
      for (let at = piece.indexOf(wanted); at !== -1; at = piece.indexOf(wanted, at + 1))
        places.add(from + at);
    }
    return places;
  }

  private block(number: number): Buffer {
    const known = this.blocks.get(number);
    if (known !== undefined) return known;
    const start = number * BLOCK;
    const block = this.source.read(this.offset + start, Math.min(BLOCK, this.size - start));
    this.blocks.set(number, block);
    return block;
  }
}

/** How much is searched at a time. */
const SEARCH = 1024 * 1024;
