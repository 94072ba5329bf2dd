/** The ELF header and the two tables it leads to; numbers and places as in elf(5) and the System V ABI, chapters 4 and 5. */
import { ElfError } from "./error";
import type { ByteSource } from "./source";

/** What the header says. Offsets and sizes are bytes in the file. */
export interface ElfHeader {
  readonly type: ElfType;
  /** `e_machine`: 62 is x86-64, 183 is arm64. */
  readonly machine: number;
  readonly programHeaders: TablePlace;
  readonly sectionHeaders: TablePlace;
  /** Index of the section that holds the sections' names. */
  readonly nameSection: number;
}

/** `e_type`. */
export type ElfType = "relocatable" | "executable" | "shared" | "core" | "other";

interface TablePlace {
  readonly offset: number;
  readonly count: number;
}

/** A part of the file that is mapped, or a note; addresses are those the file was linked for. */
export interface Segment {
  readonly type: number;
  readonly executable: boolean;
  readonly offset: number;
  readonly address: number;
  readonly fileSize: number;
  readonly memorySize: number;
  readonly align: number;
}

/** A section's header; sizes and places in bytes. */
export interface Section {
  readonly index: number;
  readonly name: string;
  readonly type: number;
  readonly executable: boolean;
  readonly address: number;
  readonly offset: number;
  readonly size: number;
  /** Index of another section: a symbol table's strings. */
  readonly link: number;
}

export const SegmentType = { load: 1, note: 4 } as const;
export const SectionType = { symbols: 2, note: 7, noBits: 8, dynamicSymbols: 11 } as const;

const HEADER_SIZE = 64;
const SEGMENT_SIZE = 56;
const SECTION_SIZE = 64;
const CLASSES = ["none", "32-bit", "64-bit"];
const CLASS_64 = 2;
const LITTLE_ENDIAN = 1;
const TYPES: readonly ElfType[] = ["other", "relocatable", "executable", "shared", "core"];
/** PN_XNUM and SHN_XINDEX: the number did not fit, section 0 has it. */
const ELSEWHERE = 0xffff;
/** Far above the largest that linkers make: a damaged header must not make us read a file of gigabytes. */
const LARGEST_TABLE = 64 * 1024 * 1024;
const LONGEST_NAME = 4096;
const PF_X = 1;
const SHF_EXECINSTR = 4;

/** 64-bit fields as numbers: whatever is above 2^53 is out of every file's range, and treated so. */
export const readU64 = (bytes: Buffer, at: number) =>
  bytes.readUInt32LE(at + 4) * 2 ** 32 + bytes.readUInt32LE(at);

/** Whether the first bytes are those of ELF files; a linker script's are not. */
export function beginsAsElf(source: ByteSource): boolean {
  return source.size >= 4 && source.read(0, 4).toString("latin1") === "\x7fELF";
}

/** Throws an ElfError where there is no 64-bit little-endian ELF file. */
export function readHeader(source: ByteSource): ElfHeader {
  const refuse = (fact: string) => new ElfError(`ELF "${source.name}": ${fact}`);
  if (source.size < 16 || !beginsAsElf(source)) throw refuse("no ELF file");
  const ident = source.read(0, 16);
  const elfClass = ident[4] as number;
  if (elfClass !== CLASS_64)
    throw refuse(`${CLASSES[elfClass] ?? "unknown class"}: only 64-bit files are read`);
  if (ident[5] !== LITTLE_ENDIAN) throw refuse("big-endian: only little-endian files are read");
  const bytes = source.read(0, HEADER_SIZE);
  const sectionOffset = readU64(bytes, 40);
  const [segments, sections, names] = [
    bytes.readUInt16LE(56),
    bytes.readUInt16LE(60),
    bytes.readUInt16LE(62),
  ];
  const first = sectionOffset > 0 ? source.read(sectionOffset, SECTION_SIZE) : undefined;
  return {
    type: TYPES[bytes.readUInt16LE(16)] ?? "other",
    machine: bytes.readUInt16LE(18),
    programHeaders: {
      offset: readU64(bytes, 32),
      count: segments === ELSEWHERE ? (first?.readUInt32LE(44) ?? 0) : segments,
    },
    sectionHeaders: { offset: sectionOffset, count: sections === 0 && first ? readU64(first, 32) : sections },
    nameSection: names === ELSEWHERE ? (first?.readUInt32LE(40) ?? 0) : names,
  };
}

export function readSegments(source: ByteSource, { offset, count }: TablePlace): Segment[] {
  const bytes = readTable(source, offset, count * SEGMENT_SIZE);
  return Array.from({ length: count }, (_, index) => {
    const at = index * SEGMENT_SIZE;
    return {
      type: bytes.readUInt32LE(at),
      executable: (bytes.readUInt32LE(at + 4) & PF_X) !== 0,
      offset: readU64(bytes, at + 8),
      address: readU64(bytes, at + 16),
      fileSize: readU64(bytes, at + 32),
      memorySize: readU64(bytes, at + 40),
      align: readU64(bytes, at + 48),
    };
  });
}

export function readSections(source: ByteSource, { sectionHeaders, nameSection }: ElfHeader): Section[] {
  const { offset, count } = sectionHeaders;
  if (offset === 0 || count === 0) return [];
  const bytes = readTable(source, offset, count * SECTION_SIZE);
  const names = sectionNames(source, bytes, nameSection);
  return Array.from({ length: count }, (_, index) => {
    const at = index * SECTION_SIZE;
    const nameAt = bytes.readUInt32LE(at);
    return {
      index,
      name: nameIn(names, nameAt),
      type: bytes.readUInt32LE(at + 4),
      executable: (bytes.readUInt32LE(at + 8) & SHF_EXECINSTR) !== 0,
      address: readU64(bytes, at + 16),
      offset: readU64(bytes, at + 24),
      size: readU64(bytes, at + 32),
      link: bytes.readUInt32LE(at + 40),
    };
  });
}

function sectionNames(source: ByteSource, headers: Buffer, index: number): Buffer {
  const at = index * SECTION_SIZE;
  const size = at + SECTION_SIZE > headers.length ? 0 : readU64(headers, at + 32);
  return size === 0 ? Buffer.alloc(0) : readTable(source, readU64(headers, at + 24), size);
}

function readTable(source: ByteSource, offset: number, size: number): Buffer {
  if (size > LARGEST_TABLE) throw new ElfError(`ELF "${source.name}": a table of headers of ${size} bytes`);
  return source.read(offset, size);
}

/** A damaged table may have no end of a name in it. */
function nameIn(names: Buffer, start: number): string {
  const end = names.indexOf(0, start);
  return names.toString("latin1", start, Math.min(end === -1 ? names.length : end, start + LONGEST_NAME));
}
