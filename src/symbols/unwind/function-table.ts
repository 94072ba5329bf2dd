/** Where a file's entry for an address is: by the search table of .eh_frame_hdr, or by a list made from .eh_frame. */
import { unlessThrown } from "./damaged";
import type { FrameEntries } from "./frame-entries";
import { cursorIn, pointerSize, readLength, readPointer, type Section } from "./section";

/** Finds the offset of the last entry in .eh_frame whose function begins at or before an address. */
export interface FunctionTable {
  find(address: number): number | undefined;
}

/** The index of the last of `count` ascending values that is not above `value`. */
function lastAtMost(value: number, count: number, at: (index: number) => number): number | undefined {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (at(middle) <= value) low = middle + 1;
    else high = middle;
  }
  return low === 0 ? undefined : low - 1;
}

/** Rows of the table that are sorted by address, of one size. */
class SearchTable implements FunctionTable {
  constructor(
    private readonly header: Section,
    private readonly frames: Section,
    private readonly encoding: number,
    private readonly size: number,
    private readonly from: number,
    private readonly count: number,
  ) {}

  find(address: number): number | undefined {
    const row = lastAtMost(address, this.count, (index) => this.pointer(2 * index));
    return row === undefined ? undefined : this.pointer(2 * row + 1) - this.frames.address;
  }

  private pointer(index: number): number {
    const { header } = this;
    const cursor = cursorIn(header, this.from + index * this.size);
    return readPointer(header, cursor, this.encoding, header.address) ?? Number.NaN;
  }
}

/** The version of .eh_frame_hdr there is. */
const VERSION = 1;

/** Where .eh_frame is, as .eh_frame_hdr tells; undefined if it does not. */
export function framesAddress(header: Section): number | undefined {
  return unlessThrown(RangeError, () => {
    const cursor = cursorIn(header, 0);
    if (cursor.u8() !== VERSION) return undefined;
    const encoding = cursor.u8();
    cursor.at += 2;
    return readPointer(header, cursor, encoding, header.address);
  });
}

/** The search table of .eh_frame_hdr; undefined if it has none that can be searched. */
export function searchTable(header: Section, frames: Section): FunctionTable | undefined {
  return unlessThrown(RangeError, () => {
    const cursor = cursorIn(header, 0);
    if (cursor.u8() !== VERSION) return undefined;
    const [frameEncoding, countEncoding, encoding] = [cursor.u8(), cursor.u8(), cursor.u8()];
    readPointer(header, cursor, frameEncoding, header.address);
    const size = pointerSize(encoding);
    if (countEncoding === 0xff || encoding === 0xff || size === undefined) return undefined;
    const count = readLength(cursor, countEncoding);
    if (!(count > 0 && cursor.at + count * 2 * size <= header.view.byteLength)) return undefined;
    return new SearchTable(header, frames, encoding, size, cursor.at, count);
  });
}

/** Reads all entries once and sorts them: for files without .eh_frame_hdr. */
export function listedTable(entries: FrameEntries): FunctionTable {
  const listed = [...entries.all()]
    .map(({ offset, info }) => ({ offset, start: info.start }))
    .sort((a, b) => a.start - b.start);
  const starts = Float64Array.from(listed, ({ start }) => start);
  const offsets = Float64Array.from(listed, ({ offset }) => offset);
  return {
    find(address) {
      const index = lastAtMost(address, starts.length, (at) => starts[at] as number);
      return index === undefined ? undefined : offsets[index];
    },
  };
}
