/** The unwind information of an ELF file. */
import type { ElfFile } from "../elf/elf-file";
import { ElfError } from "../elf/error";
import { SectionType } from "../elf/header";
import type { UnwindSource } from "./unwind-info";

/** Programs of hundreds of megabytes have tens of it; a damaged header may say anything. */
const LARGEST_SECTION = 256 * 1024 * 1024;

/** Reads from `elf`, which has to stay open. What cannot be read is taken for absent: others say what is wrong. */
export function elfUnwindSource(elf: ElfFile): UnwindSource {
  return {
    section: (name) =>
      unlessDamaged(() => {
        const section = elf.section(name);
        if (section === undefined || section.type === SectionType.noBits || section.size > LARGEST_SECTION)
          return undefined;
        return { address: section.address, bytes: elf.read(section) };
      }),
    code: (address, length) =>
      unlessDamaged(() => {
        const offset = elf.offsetOf(address);
        return offset === undefined ? undefined : elf.source.read(offset, length);
      }),
  };
}

function unlessDamaged<T>(read: () => T | undefined): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof ElfError) return undefined;
    throw error;
  }
}
