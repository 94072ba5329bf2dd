/** The unwind information of an ELF file. */
import type { ElfFile } from "../elf/elf-file";
import { ElfError } from "../elf/error";
import { SectionType, type Segment, SegmentType } from "../elf/header";
import { unlessThrown } from "./damaged";
import { framesAddress } from "./function-table";
import { sectionOf } from "./section";
import type { SourceSection, UnwindSource } from "./unwind-info";

/** Programs of hundreds of megabytes have tens of it; a damaged header may say anything. */
const LARGEST_SECTION = 256 * 1024 * 1024;
/** PT_GNU_EH_FRAME: the segment that .eh_frame_hdr is. */
const FRAME_HEADER = 0x6474e550;

/** Reads from `elf`, which has to stay open. What cannot be read is taken for absent: others say what is wrong. */
export function elfUnwindSource(elf: ElfFile): UnwindSource {
  return {
    section: (name) => unlessThrown(ElfError, () => byName(elf, name) ?? bySegments(elf, name)),
    code: (address, length) =>
      unlessThrown(ElfError, () => {
        const offset = elf.offsetOf(address);
        return offset === undefined ? undefined : elf.source.read(offset, length);
      }),
  };
}

function byName(elf: ElfFile, name: string): SourceSection | undefined {
  const section = elf.section(name);
  if (section === undefined || section.type === SectionType.noBits || section.size > LARGEST_SECTION)
    return undefined;
  return { address: section.address, bytes: elf.read(section) };
}

/** Where the section headers have been removed, the segments lead to what is needed at run time. */
function bySegments(elf: ElfFile, name: string): SourceSection | undefined {
  const header = elf.segments.find(({ type }) => type === FRAME_HEADER);
  if (elf.sections.length > 0 || header === undefined) return undefined;
  const found = readFrom(elf, header, header.address);
  if (name === ".eh_frame_hdr" || found === undefined) return found;
  const address = framesAddress(sectionOf(found));
  const segment = elf.segments.find(
    ({ type, address: start, fileSize }) =>
      type === SegmentType.load && address !== undefined && address >= start && address < start + fileSize,
  );
  // Where it ends is not said: a length of 0 stands there.
  return segment && address !== undefined ? readFrom(elf, segment, address) : undefined;
}

/** A segment from an address to its end. */
function readFrom(elf: ElfFile, segment: Segment, address: number): SourceSection | undefined {
  const skipped = address - segment.address;
  const size = segment.fileSize - skipped;
  if (size > LARGEST_SECTION) return undefined;
  return { address, bytes: elf.source.read(segment.offset + skipped, size) };
}
