/** What a process has mapped, as an unwinder needs it: for each piece of code its file's unwind information. */
import type { ElfModule } from "../elf/elf-module";
import { SegmentType } from "../elf/header";
import type { ExecutableMapping } from "../process-maps";
import type { MappedModule, ProcessSymbols } from "../user-symbols";
import { elfUnwindSource } from "./elf-unwind-source";
import { UnwindInfo } from "./unwind-info";
import type { MappedCode, UnwindProcess } from "./unwinder";

/** Unwind information by file: processes share it. */
export class UnwindInfos {
  private readonly infos = new WeakMap<ElfModule, UnwindInfo>();
  private readonly codes = new WeakMap<MappedModule, MappedCode>();
  private readonly processes = new WeakMap<ProcessSymbols, UnwindProcess>();

  /** The code of a process; its maps are read again where an address is in none. */
  of(symbols: ProcessSymbols): UnwindProcess {
    let process = this.processes.get(symbols);
    if (process === undefined) {
      let last: MappedModule | undefined;
      let code: MappedCode | undefined;
      process = {
        codeAt: (address) => {
          const mapped = symbols.mappedAt(address);
          // Most frames are in the file of the one before.
          if (mapped !== last) {
            code = this.codeOf(mapped);
            last = mapped;
          }
          return code;
        },
        get generation() {
          return symbols.generation;
        },
      };
      this.processes.set(symbols, process);
    }
    return process;
  }

  private codeOf(mapped: MappedModule | undefined): MappedCode | undefined {
    if (mapped === undefined) return undefined;
    let code = this.codes.get(mapped);
    if (code === undefined) {
      code = this.newCode(mapped);
      this.codes.set(mapped, code);
    }
    return code;
  }

  private newCode({ mapping, module }: MappedModule): MappedCode {
    const bias = typeof module === "string" ? undefined : biasOf(module, mapping);
    return bias === undefined || typeof module === "string"
      ? { bias: 0, info: undefined }
      : { bias, info: this.infoOf(module), mapping };
  }

  private infoOf(module: ElfModule): UnwindInfo {
    let info = this.infos.get(module);
    if (info === undefined) {
      info = new UnwindInfo(elfUnwindSource(module.elf));
      this.infos.set(module, info);
    }
    return info;
  }
}

/** How far from where it was linked the file's code is in this mapping; undefined where the mapping holds none. */
function biasOf({ elf }: ElfModule, { start, end, offset }: ExecutableMapping): number | undefined {
  const segment = elf.segments.find(
    ({ type, executable, offset: first, fileSize }) =>
      type === SegmentType.load && executable && first < offset + (end - start) && first + fileSize > offset,
  );
  return segment && start - offset + segment.offset - segment.address;
}
