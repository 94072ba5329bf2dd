/** The entries of .eh_frame: CIEs, which functions share, and FDEs, one for each (LSB Core, "Exception Frames"). */
import type { Cursor } from "./cursor";
import { cursorIn, readLength, readPointer, type Section } from "./section";

/** What several functions have in common. */
export interface CommonInfo {
  /** What code offsets and register offsets in the instructions are multiplied with. */
  readonly codeAlign: number;
  readonly dataAlign: number;
  /** The column that the return address is in. */
  readonly returnColumn: number;
  /** How FDEs write addresses: DW_EH_PE_*. */
  readonly pointerEncoding: number;
  /** FDEs have augmentation data, with its length in front. */
  readonly hasAugmentationData: boolean;
  /** The frame of a signal: its caller was interrupted and did not call. */
  readonly isSignalFrame: boolean;
  /** The first instructions of each function, as a range of the section. */
  readonly from: number;
  readonly to: number;
}

/** A function's information. */
export interface FunctionInfo {
  /** Its first address, and the one after its last, as the file is linked. */
  readonly start: number;
  readonly end: number;
  readonly common: CommonInfo;
  /** Its instructions, as a range of the section. */
  readonly from: number;
  readonly to: number;
}

/** An entry's extent: `body` is where its CIE pointer stands. */
interface Extent {
  readonly body: number;
  readonly end: number;
}

/** Lengths from here on are reserved; the last means that a 64-bit length follows. */
const RESERVED_LENGTH = 0xfffffff0;
const LONG_LENGTH = 0xffffffff;

/** There are seven letters so far. */
const LONGEST_AUGMENTATION = 16;

/** The extent of the entry at an offset; undefined at the end of the section, which a length of 0 marks too. */
function extentAt(section: Section, offset: number): Extent | undefined {
  if (!(offset >= 0 && offset + 4 <= section.view.byteLength)) return undefined;
  const cursor = cursorIn(section, offset);
  let length = cursor.u32();
  if (length === 0) return undefined;
  if (length >= RESERVED_LENGTH && length !== LONG_LENGTH)
    throw new RangeError(`entry at ${offset}: length ${length} is reserved`);
  if (length === LONG_LENGTH) length = cursor.u64();
  const end = cursor.at + length;
  if (!(length >= 4 && end <= section.view.byteLength))
    throw new RangeError(`entry at ${offset}: ${length} bytes do not fit`);
  return { body: cursor.at, end };
}

/** Reads the entries of one section. Damaged ones throw a RangeError. */
export class FrameEntries {
  private readonly common = new Map<number, CommonInfo>();

  constructor(private readonly section: Section) {}

  /** The function whose entry is at an offset of the section; undefined where a CIE is, or the end. */
  functionAt(offset: number): FunctionInfo | undefined {
    const extent = extentAt(this.section, offset);
    return extent === undefined ? undefined : this.read(extent);
  }

  /** All functions in the order of the file, with the offsets of their entries. Ends at the first damaged entry. */
  *all(): Generator<{ readonly offset: number; readonly info: FunctionInfo }> {
    for (let offset = 0; ; ) {
      let extent: Extent | undefined;
      let info: FunctionInfo | undefined;
      try {
        extent = extentAt(this.section, offset);
        if (extent !== undefined) info = this.read(extent);
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
      }
      if (info !== undefined) yield { offset, info };
      if (extent === undefined) return;
      offset = extent.end;
    }
  }

  private read({ body, end }: Extent): FunctionInfo | undefined {
    const cursor = cursorIn(this.section, body, end);
    const distance = cursor.u32();
    if (distance === 0) return undefined;
    const common = this.commonAt(body - distance);
    const start = readPointer(this.section, cursor, common.pointerEncoding);
    if (start === undefined) throw new RangeError(`entry at ${body}: its function has no address`);
    const length = readLength(cursor, common.pointerEncoding);
    if (common.hasAugmentationData) cursor.bytes(cursor.uleb());
    return { start, end: start + length, common, from: cursor.at, to: end };
  }

  private commonAt(offset: number): CommonInfo {
    let common = this.common.get(offset);
    if (common === undefined) {
      const extent = extentAt(this.section, offset);
      if (extent === undefined) throw new RangeError(`CIE at ${offset}: not in the section`);
      common = readCommon(this.section, cursorIn(this.section, extent.body, extent.end));
      this.common.set(offset, common);
    }
    return common;
  }
}

function readCommon(section: Section, cursor: Cursor): CommonInfo {
  if (cursor.u32() !== 0) throw new RangeError("CIE: has the id of a function");
  const version = cursor.u8();
  if (version !== 1 && version !== 3 && version !== 4) throw new RangeError(`CIE: version ${version}`);
  const augmentation = cursor.text(LONGEST_AUGMENTATION);
  // Version 4 tells sizes of addresses and segments: those of the machine and none.
  if (version === 4) cursor.u16();
  const codeAlign = cursor.uleb();
  const dataAlign = cursor.sleb();
  const returnColumn = version === 1 ? cursor.u8() : cursor.uleb();
  const found = readAugmentation(section, cursor, augmentation);
  return { codeAlign, dataAlign, returnColumn, ...found, from: cursor.at, to: cursor.end };
}

function readAugmentation(section: Section, cursor: Cursor, augmentation: string) {
  const hasAugmentationData = augmentation.startsWith("z");
  if (!hasAugmentationData && augmentation !== "")
    throw new RangeError(`CIE: augmentation "${augmentation}" does not tell its length`);
  const found = { pointerEncoding: 0, hasAugmentationData, isSignalFrame: false };
  if (!hasAugmentationData) return found;
  const length = cursor.uleb();
  const start = cursor.at;
  cursor.bytes(length);
  const end = cursor.at;
  cursor.at = start;
  for (const letter of augmentation.slice(1)) {
    if (letter === "R") found.pointerEncoding = cursor.u8();
    else if (letter === "S") found.isSignalFrame = true;
    else if (letter === "L") cursor.u8();
    else if (letter === "P") readPointer(section, cursor, cursor.u8());
    // B: return addresses are signed with the second key; G: stack memory is tagged. Neither has data.
    else if (letter !== "B" && letter !== "G") break;
  }
  cursor.at = end;
  return found;
}
