import { type Columns, nameEnd } from "./kallsyms-columns";

/** Symbols by name: open addressing, so that 160,000 names cost one array. */
export class NameIndex {
  private readonly slots: Uint32Array;
  private readonly mask: number;

  constructor(
    private readonly bytes: Buffer,
    private readonly columns: Columns,
  ) {
    const { names } = columns;
    const room = 2 ** Math.ceil(Math.log2(2 * names.length + 1));
    this.slots = new Uint32Array(room);
    this.mask = room - 1;
    for (let at = 0; at < names.length; at++) {
      const start = names[at] as number;
      let slot = hashOf(bytes, start, nameEnd(bytes, start)) & this.mask;
      while (this.slots[slot] !== 0) slot = (slot + 1) & this.mask;
      this.slots[slot] = at + 1;
    }
  }

  *find(name: string): Generator<number> {
    const wanted = Buffer.from(name, "latin1");
    let slot = hashOf(wanted, 0, wanted.length) & this.mask;
    for (let found = this.slots[slot] as number; found !== 0; found = this.slots[slot] as number) {
      const start = this.columns.names[found - 1] as number;
      const end = nameEnd(this.bytes, start);
      if (end - start === wanted.length && wanted.compare(this.bytes, start, end) === 0) yield found - 1;
      slot = (slot + 1) & this.mask;
    }
  }
}

/** FNV-1a */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193);
  return hash >>> 0;
}
