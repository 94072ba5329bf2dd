import { BpfkitError } from "../../core/errors";

/** A file is no ELF file that bpfkit reads, or is damaged. */
export class ElfError extends BpfkitError {
  static {
    ElfError.prototype.name = "ElfError";
  }
}
