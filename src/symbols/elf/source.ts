/** Where the bytes of an ELF object come from: a file, read in the parts that are asked for, or memory. */
import { closeSync, constants, fstatSync, openSync, readSync, statSync } from "node:fs";
import { messageOf } from "../../core/errors";
import { ElfError } from "./error";

/** Bytes that can be read from anywhere. */
export interface ByteSource extends Disposable {
  readonly name: string;
  readonly size: number;
  /** A copy of `length` bytes from `offset`. Throws an ElfError if not all of them are there. */
  read(offset: number, length: number): Buffer;
}

function checkRange(source: ByteSource, offset: number, length: number): void {
  if (!(offset >= 0 && length >= 0 && offset + length <= source.size))
    throw new ElfError(
      `ELF "${source.name}": bytes ${offset} to ${offset + length} of ${source.size}: absent`,
    );
}

/** An open file. It stays readable when its name is gone. */
export class FileSource implements ByteSource {
  readonly size: number;
  private fd: number | undefined;

  /** Opens `path`; `name` is what errors call it. Throws an ElfError. */
  constructor(
    path: string,
    readonly name = path,
  ) {
    try {
      // Opening a device may do something; opening a pipe waits for somebody to write to it.
      if (!statSync(path).isFile()) throw new ElfError(`ELF "${name}": not a regular file`);
      this.fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    } catch (error) {
      if (error instanceof ElfError) throw error;
      throw new ElfError(`ELF "${name}": ${messageOf(error)}`, { cause: error });
    }
    const stats = fstatSync(this.fd);
    this.size = stats.isFile() ? stats.size : 0;
  }

  /** When the contents were last changed, in milliseconds since 1970. */
  get modifiedNowMs(): number {
    return fstatSync(this.open).mtimeMs;
  }

  read(offset: number, length: number): Buffer {
    checkRange(this, offset, length);
    const bytes = Buffer.allocUnsafeSlow(length);
    for (let at = 0; at < length; ) {
      const count = readSync(this.open, bytes, at, length - at, offset + at);
      if (count === 0) throw new ElfError(`ELF "${this.name}": became shorter while it was read`);
      at += count;
    }
    return bytes;
  }

  private get open(): number {
    if (this.fd === undefined) throw new ReferenceError(`ELF "${this.name}" is disposed`);
    return this.fd;
  }

  [Symbol.dispose](): void {
    if (this.fd !== undefined) closeSync(this.fd);
    this.fd = undefined;
  }
}

/** An object in memory: the vdso, or what has been unpacked. */
export class MemorySource implements ByteSource {
  constructor(
    private readonly bytes: Buffer,
    readonly name: string,
  ) {}

  get size(): number {
    return this.bytes.length;
  }

  read(offset: number, length: number): Buffer {
    checkRange(this, offset, length);
    return this.bytes.subarray(offset, offset + length);
  }

  [Symbol.dispose](): void {}
}
