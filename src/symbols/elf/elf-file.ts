/**
 * An ELF file of 64 bits, read in the parts that are needed: opening one costs its header and its program headers; a
 * symbol table is read when the first name is asked for.
 */
import { FunctionTable } from "./function-table";
import {
  type ElfHeader,
  readHeader,
  readSections,
  readSegments,
  type Section,
  SectionType,
  type Segment,
  SegmentType,
} from "./header";
import { buildIdIn, type DebugLink, parseDebugLink } from "./notes";
import { type ByteSource, FileSource } from "./source";

/** Larger than any page; mappings begin at a page's beginning, segments anywhere in it. */
const LARGEST_PAGE = 0x1_0000;
/** Notes and links are tens of bytes; a damaged header may say anything. */
const LARGEST_NOTES = 1024 * 1024;

/** An ELF file; its parts are read when they are asked for. */
export class ElfFile implements Disposable {
  readonly header: ElfHeader;
  readonly segments: readonly Segment[];
  private sectionList: readonly Section[] | undefined;
  private readonly tables = new Map<number, FunctionTable | undefined>();
  private id: { readonly hex: string | undefined } | undefined;

  /** Reads the header of `source`, which from then on belongs to this object. Throws an ElfError. */
  constructor(readonly source: ByteSource) {
    try {
      this.header = readHeader(source);
      this.segments = readSegments(source, this.header.programHeaders);
    } catch (error) {
      source[Symbol.dispose]();
      throw error;
    }
  }

  /** Opens `path`; errors call it `name`. Throws an ElfError. */
  static open(path: string, name = path): ElfFile {
    return new ElfFile(new FileSource(path, name));
  }

  get name(): string {
    return this.source.name;
  }

  /** Empty where the section headers have been removed. Throws an ElfError where they are damaged. */
  get sections(): readonly Section[] {
    this.sectionList ??= readSections(this.source, this.header);
    return this.sectionList;
  }

  section(name: string): Section | undefined {
    return this.sections.find((section) => section.name === name);
  }

  /** A section's contents; nothing for one that takes no place in the file. Throws an ElfError. */
  read(section: Section): Buffer {
    return section.type === SectionType.noBits
      ? Buffer.alloc(0)
      : this.source.read(section.offset, section.size);
  }

  /** The functions of .symtab, static ones too; undefined in a stripped file. Throws an ElfError. */
  get functions(): FunctionTable | undefined {
    return this.table(SectionType.symbols);
  }

  /** The functions of .dynsym: those that other files may call. Throws an ElfError. */
  get exportedFunctions(): FunctionTable | undefined {
    return this.table(SectionType.dynamicSymbols);
  }

  /** Hexadecimal digits; undefined where the linker left none. */
  get buildId(): string | undefined {
    this.id ??= { hex: this.readBuildId() };
    return this.id.hex;
  }

  get debugLink(): DebugLink | undefined {
    const section = this.section(".gnu_debuglink");
    return section === undefined || section.size > LARGEST_NOTES
      ? undefined
      : parseDebugLink(this.read(section));
  }

  /** The address the byte at `offset` was linked for, if it is mapped: code before data where pages are shared. */
  addressOf(offset: number): number | undefined {
    const holds = ({ offset: start, fileSize }: Segment) => offset >= start && offset < start + fileSize;
    const nearly = ({ offset: start, fileSize }: Segment) =>
      offset >= start - (start % LARGEST_PAGE) && offset < start + fileSize + LARGEST_PAGE;
    const loaded = this.segments.filter(({ type }) => type === SegmentType.load);
    const code = loaded.filter(({ executable }) => executable);
    const segment = code.find(holds) ?? loaded.find(holds) ?? code.find(nearly);
    return segment && offset - segment.offset + segment.address;
  }

  /** Where the byte of a linked address is in the file; undefined where it is in none. */
  offsetOf(address: number): number | undefined {
    const segment = this.segments.find(
      ({ type, address: start, fileSize }) =>
        type === SegmentType.load && address >= start && address < start + fileSize,
    );
    return segment && address - segment.address + segment.offset;
  }

  [Symbol.dispose](): void {
    this.source[Symbol.dispose]();
  }

  private table(type: number): FunctionTable | undefined {
    if (!this.tables.has(type)) {
      const section = this.sections.find((one) => one.type === type);
      this.tables.set(type, section && new FunctionTable(this.source, section, this.sections));
    }
    return this.tables.get(type);
  }

  /** A debug file has the program headers of its original, which are no longer true; its sections are. */
  private readBuildId(): string | undefined {
    for (const { type, offset, fileSize, align } of this.segments) {
      if (type !== SegmentType.note) continue;
      const found = this.buildIdAt(offset, fileSize, align);
      if (found !== undefined) return found;
    }
    const section = this.section(".note.gnu.build-id");
    return section?.type === SectionType.note ? this.buildIdAt(section.offset, section.size, 4) : undefined;
  }

  private buildIdAt(offset: number, size: number, align: number): string | undefined {
    if (size > LARGEST_NOTES || offset + size > this.source.size) return undefined;
    return buildIdIn(this.source.read(offset, size), align === 8 ? 8 : 4);
  }
}
