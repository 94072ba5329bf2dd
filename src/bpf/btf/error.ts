import { BpfkitError } from "../../core/errors";

/** A BTF blob that is damaged, or of a kind bpfkit does not read, or a type in it that makes no sense. */
export class BtfError extends BpfkitError {
  static {
    BtfError.prototype.name = "BtfError";
  }
}
