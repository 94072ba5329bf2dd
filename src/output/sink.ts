/** Where rendered text goes: a stream somebody reads, or a file that appears whole or not at all. */
import { getSystemErrorMap } from "node:util";
import { BpfkitError, hasCode, messageOf } from "../core/errors";

/** A destination for text. Disposing of one that was not closed gives up what it was to become. */
export interface Sink extends Disposable {
  /** Resolves once the text, or its bytes, was handed to the system, so that waiting for it is the back-pressure. */
  write(text: string | Uint8Array): Promise<void>;
  /** Everything has been written: makes it final. */
  close(): Promise<void>;
}

/** The reader went away (`| head`, a closed terminal): a reason to end quietly, not a failure. */
export class ClosedPipeError extends BpfkitError {
  static {
    ClosedPipeError.prototype.name = "ClosedPipeError";
  }
}

/** Writes to a stream such as stdout. */
export class StreamSink implements Sink {
  private failure: BpfkitError | undefined;

  /** `owned` streams are ended by close; stdout is not ours to end. */
  constructor(
    private readonly stream: NodeJS.WritableStream & { readonly isTTY?: boolean },
    private readonly name = "stdout",
    private readonly owned = false,
  ) {
    // Never taken off again: the event comes after the write's own callback, perhaps after the end.
    stream.on("error", (error: unknown) => {
      this.failure ??= writeError(this.name, error, stream.isTTY === true);
    });
  }

  write(text: string | Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.failure !== undefined) return reject(this.failure);
      this.stream.write(text, (error) => {
        if (error === null || error === undefined) return resolve();
        this.failure ??= writeError(this.name, error, this.stream.isTTY === true);
        reject(this.failure);
      });
    });
  }

  async close(): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
    if (this.owned) await new Promise<void>((resolve) => this.stream.end(resolve));
  }

  [Symbol.dispose](): void {
    if (this.owned) this.stream.end();
  }
}

/** What a failed write means: ClosedPipeError, or an error that names the destination and the reason. */
export function writeError(name: string, error: unknown, isTTY = false): BpfkitError {
  // A terminal that was closed answers EIO where a pipe answers EPIPE.
  const gone = ["EPIPE", "ECONNRESET", "ERR_STREAM_DESTROYED"].some((code) => hasCode(error, code));
  if (gone || (isTTY && hasCode(error, "EIO")))
    return new ClosedPipeError(`write ${name}: closed`, { cause: error });
  return new BpfkitError(`write ${name}: ${reasonOf(error)}`, { cause: error });
}

/** The system's words for a Node error, such as "no space left on device". */
export function reasonOf(error: unknown): string {
  const { errno } = error as { errno?: unknown };
  const known = typeof errno === "number" ? getSystemErrorMap().get(errno) : undefined;
  return known?.[1] ?? messageOf(error);
}
