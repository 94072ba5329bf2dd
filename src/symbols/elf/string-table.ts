import type { ByteSource } from "./source";

const BLOCK = 64 * 1024;
/** Template libraries have names of tens of kilobytes; a damaged table has no end. */
const LONGEST = 64 * 1024;
/** How much is searched at a time. */
const SEARCH = 1024 * 1024;
const VERSION = "@".charCodeAt(0);

/** The names of a symbol table. Blocks of it are read when a name in them is asked for, and kept. */
export class StringTable {
  private readonly blocks = new Map<number, Buffer>();

  constructor(
    private readonly source: ByteSource,
    private readonly offset: number,
    readonly size: number,
  ) {}

  /** The name that begins at `start`, which ends at a NUL or with the table; without its version. */
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
    const version = name.indexOf("@", 1);
    return version === -1 ? name : name.slice(0, version);
  }

  /**
   * Where `name` begins: at several places, because linkers let a name be the tail of a longer one. A version behind it
   * (`malloc@@GLIBC_2.2.5`) does not count.
   */
  placesOf(name: string): Set<number> {
    const wanted = Buffer.from(name, "latin1");
    const places = new Set<number>();
    if (wanted.length === 0) return places;
    for (let from = 0; from < this.size; from += SEARCH) {
      // What begins near the end of a piece ends in the next.
      const length = Math.min(SEARCH + wanted.length, this.size - from);
      const piece = this.source.read(this.offset + from, length);
      for (let at = piece.indexOf(wanted); at !== -1; at = piece.indexOf(wanted, at + 1)) {
        const next = piece[at + wanted.length];
        if (next === 0 || next === VERSION) places.add(from + at);
      }
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
