/** The unwind information of one file: the row for an address, kept once it has been worked out. */
import { type RowRange, rowAt, rowsOf } from "./call-frame";
import { unlessThrown } from "./damaged";
import { FrameEntries } from "./frame-entries";
import { type FunctionTable, listedTable, searchTable } from "./function-table";
import type { Row } from "./row";
import { type Section, sectionOf } from "./section";

/** A section's address and bytes. */
export interface SourceSection {
  readonly address: number;
  readonly bytes: Uint8Array;
}

/** What is read of a file, with addresses as it is linked. */
export interface UnwindSource {
  /** Undefined where the file has no section of this name. */
  section(name: string): SourceSection | undefined;
  /** Bytes of its code; undefined where there are none. */
  code(address: number, length: number): Uint8Array | undefined;
}

/** Rows kept of one file. Samples of a program come back to the same few thousand places. */
const MOST_ROWS = 65536;

interface Frames {
  readonly section: Section;
  readonly entries: FrameEntries;
  readonly table: FunctionTable;
}

export class UnwindInfo {
  private readonly rows = new Map<number, Row | undefined>();
  /** Of functions by the offsets of their entries, as far as they have been asked for: a hot loop is met everywhere. */
  private readonly ranges = new Map<number, RowRange[]>();
  /** Each row once: most functions have the same few. */
  private readonly distinct = new Map<string, Row>();
  /** Read when the first row is asked for. */
  private frames: Frames | "unread" | "none" = "unread";
  /** Asked for where there is no row: again and again at the same few places. */
  private readonly codes = new Map<number, Uint8Array | undefined>();

  constructor(private readonly source: UnwindSource) {}

  /** The row for an instruction; undefined where the file tells nothing about it, or what it tells is damaged. */
  rowAt(address: number): Row | undefined {
    const known = this.rows.get(address);
    if (known !== undefined || this.rows.has(address)) return known;
    if (this.rows.size >= MOST_ROWS) {
      this.rows.clear();
      this.ranges.clear();
      this.distinct.clear();
    }
    const row = this.rangeAt(address)?.row;
    this.rows.set(address, row);
    return row;
  }

  /** All rows of the function at an address, one behind the other; none where it has none, or damaged ones. */
  rangesOf(address: number): readonly RowRange[] {
    const found = unlessThrown(RangeError, () => {
      const frames = this.read();
      const offset = frames?.table.find(address);
      const info = offset === undefined ? undefined : frames?.entries.functionAt(offset);
      if (frames === undefined || info === undefined || !(address >= info.start && address < info.end))
        return undefined;
      return rowsOf(frames.section, info).map((range) => ({ ...range, row: this.shared(range.row) }));
    });
    return found ?? [];
  }

  /** Bytes of the file's code, as many as when `address` was asked for first; undefined where there are none. */
  code(address: number, length: number): Uint8Array | undefined {
    const known = this.codes.get(address);
    if (known !== undefined || this.codes.has(address)) return known;
    if (this.codes.size >= MOST_ROWS) this.codes.clear();
    const code = this.source.code(address, length);
    this.codes.set(address, code);
    return code;
  }

  private shared(row: Row): Row {
    const text = JSON.stringify(row);
    const known = this.distinct.get(text);
    if (known === undefined) this.distinct.set(text, row);
    return known ?? row;
  }

  /** The row for an instruction, and how far it holds. */
  rangeAt(address: number): RowRange | undefined {
    return unlessThrown(RangeError, () => {
      const frames = this.read();
      const offset = frames?.table.find(address);
      if (frames === undefined || offset === undefined) return undefined;
      let known = this.ranges.get(offset);
      if (known === undefined) {
        known = [];
        this.ranges.set(offset, known);
      }
      for (const range of known) if (address >= range.start && address < range.end) return range;
      const info = frames.entries.functionAt(offset);
      if (info === undefined || !(address >= info.start && address < info.end)) return undefined;
      const found = rowAt(frames.section, info, address);
      const range = { ...found, row: this.shared(found.row) };
      known.push(range);
      return range;
    });
  }

  private read(): Frames | undefined {
    if (this.frames === "unread") this.frames = readFrames(this.source) ?? "none";
    return this.frames === "none" ? undefined : this.frames;
  }
}

function readFrames(source: UnwindSource): Frames | undefined {
  const bytes = source.section(".eh_frame");
  if (bytes === undefined) return undefined;
  const section = sectionOf(bytes);
  const entries = new FrameEntries(section);
  const header = source.section(".eh_frame_hdr");
  const table = header && searchTable(sectionOf(header), section);
  return { section, entries, table: table ?? listedTable(entries) };
}
