/**
 * The functions of a symbol table (.symtab or .dynsym). A large program has millions of them, so they are numbers in
 * arrays, by rising address, and names are read one by one.
 */
import { countUpTo, sortedOrder } from "../sorted-order";
import { readU64, type Section } from "./header";
import type { ByteSource } from "./source";
import { StringTable } from "./string-table";

/** A function as its file has it. */
export interface ElfFunction {
  /** As it is in the file: mangled. */
  readonly name: string;
  /** The address the file was linked for. */
  readonly address: number;
  /** Bytes; 0 where the file does not say. */
  readonly size: number;
  /** It is a resolver, which is called once to choose the function: STT_GNU_IFUNC. */
  readonly indirect: boolean;
}

/** What is kept of each symbol; the places in all arrays are the same, by rising address. */
interface Columns {
  readonly starts: Float64Array;
  readonly sizes: Uint32Array;
  readonly names: Uint32Array;
  readonly flags: Uint8Array;
}

/** Elf64_Sym, elf(5): name u32, info u8, other u8, section u16, value u64, size u64. */
const SYMBOL_SIZE = 24;
const PIECE = 64 * 1024 * SYMBOL_SIZE;
const STT_NOTYPE = 0;
const STT_FUNC = 2;
const STT_GNU_IFUNC = 10;
const STB_LOCAL = 0;
const SHN_UNDEF = 0;
const LARGEST = 0xffff_ffff;

const INDIRECT = 1;
const LOCAL = 2;

/** How many symbols before an address may be nested in one that holds it. */
const NESTED = 64;
/** How many names of one address are compared. */
const ALIASES = 32;

/** The functions of one symbol table, by address and by name. */
export class FunctionTable {
  private readonly columns: Columns;
  private readonly strings: StringTable;

  /** Reads the symbols in `table`; `sections` are those of the same file. Throws an ElfError. */
  constructor(
    source: ByteSource,
    table: Section,
    private readonly sections: readonly Section[],
  ) {
    const { offset = 0, size = 0 } = sections[table.link] ?? {};
    // Fails now, and not at some name.
    source.read(offset + size, 0);
    this.strings = new StringTable(source, offset, size);
    this.columns = sorted(readFunctions(source, table, sections));
  }

  get size(): number {
    return this.columns.starts.length;
  }

  /** The function that holds `address`; where several do, the one that begins last. */
  find(address: number): ElfFunction | undefined {
    const { starts } = this.columns;
    const last = countUpTo(starts, address) - 1;
    for (let at = last; at >= 0 && at > last - NESTED; at--)
      if (address < this.endOf(at)) return this.functionAt(this.bestAlias(at));
    return undefined;
  }

  /** Every function of that name: static ones of several source files may share it. */
  named(name: string): ElfFunction[] {
    const places = this.strings.placesOf(name);
    const found: ElfFunction[] = [];
    if (places.size === 0) return found;
    this.columns.names.forEach((place, at) => {
      if (places.has(place)) found.push(this.functionAt(at));
    });
    return found;
  }

  /** The functions whose names match, by rising address; all without a pattern. */
  *matching(pattern?: RegExp): Generator<ElfFunction> {
    for (let at = 0; at < this.size; at++) {
      const found = this.functionAt(at);
      if (pattern === undefined || found.name.search(pattern) !== -1) yield found;
    }
  }

  private functionAt(at: number): ElfFunction {
    const { starts, sizes, names, flags } = this.columns;
    return {
      name: this.strings.at(names[at] as number),
      address: starts[at] as number,
      size: sizes[at] as number,
      indirect: ((flags[at] as number) & INDIRECT) !== 0,
    };
  }

  /** Behind a function's last byte. One without a size, written in assembly, reaches to the next or its section's end. */
  private endOf(at: number): number {
    const { starts, sizes } = this.columns;
    const start = starts[at] as number;
    const size = sizes[at] as number;
    if (size > 0) return start + size;
    const next = starts[countUpTo(starts, start)] ?? Number.POSITIVE_INFINITY;
    const section = this.sections.find(
      (one) => one.executable && start >= one.address && start < one.address + one.size,
    );
    return section === undefined ? start : Math.min(next, section.address + section.size);
  }

  /** Of the functions at the same address as `last`: one with a size, a public one, the plainest name. */
  private bestAlias(last: number): number {
    const { starts, sizes, names, flags } = this.columns;
    const first = Math.max(0, last - ALIASES);
    let best = last;
    let bestRank: number | undefined;
    for (let at = last; at >= first && starts[at] === starts[last]; at--) {
      const name = this.strings.at(names[at] as number);
      const unsized = sizes[at] === 0 ? 1 : 0;
      const local = (flags[at] as number) & LOCAL ? 1 : 0;
      const underscores = Math.min(15, name.search(/[^_]|$/));
      const rank =
        ((unsized * 2 + local) * 16 + underscores) * LONG_NAME + Math.min(name.length, LONG_NAME - 1);
      if (bestRank === undefined || rank <= bestRank) [best, bestRank] = [at, rank];
    }
    return best;
  }
}

const LONG_NAME = 2 ** 17;

/** In the order of the file. */
function readFunctions(source: ByteSource, table: Section, sections: readonly Section[]): Columns {
  const count = Math.floor(table.size / SYMBOL_SIZE);
  // Before memory is set aside: the file must be as large as the table says.
  source.read(table.offset + table.size, 0);
  const columns = makeColumns(count);
  let kept = 0;
  const end = table.offset + count * SYMBOL_SIZE;
  for (let offset = table.offset; offset < end; offset += PIECE) {
    const piece = source.read(offset, Math.min(PIECE, end - offset));
    for (let at = 0; at < piece.length; at += SYMBOL_SIZE) {
      if (!isFunction(piece, at, sections)) continue;
      const info = piece[at + 4] as number;
      columns.names[kept] = piece.readUInt32LE(at);
      columns.starts[kept] = readU64(piece, at + 8);
      columns.sizes[kept] = Math.min(readU64(piece, at + 16), LARGEST);
      columns.flags[kept] =
        ((info & 15) === STT_GNU_IFUNC ? INDIRECT : 0) | (info >> 4 === STB_LOCAL ? LOCAL : 0);
      kept++;
    }
  }
  return {
    starts: columns.starts.subarray(0, kept),
    sizes: columns.sizes.subarray(0, kept),
    names: columns.names.subarray(0, kept),
    flags: columns.flags.subarray(0, kept),
  };
}

function makeColumns(length: number): Columns {
  return {
    starts: new Float64Array(length),
    sizes: new Uint32Array(length),
    names: new Uint32Array(length),
    flags: new Uint8Array(length),
  };
}

/** Assembly may leave the type out; then it is a function if it is public and lies in code. */
function isFunction(bytes: Buffer, at: number, sections: readonly Section[]): boolean {
  const info = bytes[at + 4] as number;
  const type = info & 15;
  const section = bytes.readUInt16LE(at + 6);
  if (section === SHN_UNDEF || bytes.readUInt32LE(at) === 0) return false;
  if (type === STT_FUNC || type === STT_GNU_IFUNC) return true;
  return type === STT_NOTYPE && info >> 4 !== STB_LOCAL && sections[section]?.executable === true;
}

function sorted(columns: Columns): Columns {
  const order = sortedOrder(columns.starts);
  const { starts, sizes, names, flags } = makeColumns(order.length);
  for (let to = 0; to < order.length; to++) {
    const from = order[to] as number;
    starts[to] = columns.starts[from] as number;
    sizes[to] = columns.sizes[from] as number;
    names[to] = columns.names[from] as number;
    flags[to] = columns.flags[from] as number;
  }
  return { starts, sizes, names, flags };
}
