/** `-o FILE`: what people find under that name is the old file or the whole new one, never a part. */
import {
  closeSync,
  constants,
  createWriteStream,
  fchmodSync,
  fchownSync,
  fsyncSync,
  lstatSync,
  openSync,
  readlinkSync,
  realpathSync,
  renameSync,
  type Stats,
  statSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { hasCode, UsageError } from "../core/errors";
import { reasonOf, type Sink, StreamSink, writeError } from "./sink";

const BLOCK = 64 * 1024;

/**
 * The sink for `-o path`: `-` is stdout, a device or a pipe is written straight to, all else becomes a file under a
 * temporary name that close() renames. Throws UsageError at once where no file can be made.
 */
export function openSink(path: string, stdout: NodeJS.WritableStream): Sink {
  if (path === "-" || path === "/dev/stdout") return new StreamSink(stdout);
  const target = targetOf(path);
  // Behind /dev/fd/N and /proc/self/fd/N stands a file somebody holds open: replacing it would miss him.
  const special = /^\/(dev|proc)\//.test(path) || (target.stats !== undefined && !target.stats.isFile());
  if (special) return new StreamSink(createWriteStream(path), `"${path}"`, true);
  return new FileSink(path, target.path, target.stats);
}

/** A file in the making. All calls are synchronous, so it can also be given up in an exit handler. */
class FileSink implements Sink {
  private readonly temporary: string;
  private fd: number | undefined;
  private pending: string[] = [];
  private pendingLength = 0;

  constructor(
    /** As the user wrote it. */
    private readonly name: string,
    /** Where the file is once symbolic links are followed. */
    private readonly path: string,
    replaced: Stats | undefined,
  ) {
    this.temporary = join(dirname(path), `.${basename(path)}.${process.pid}-${Date.now().toString(36)}.tmp`);
    try {
      this.fd = openSync(this.temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o666);
      if (replaced !== undefined) adopt(this.fd, replaced);
    } catch (error) {
      this[Symbol.dispose]();
      throw new UsageError(`output "${name}": ${reasonOf(error)}`, { cause: error });
    }
  }

  async write(text: string | Uint8Array): Promise<void> {
    // The bytes are the caller's again when this returns.
    if (typeof text !== "string") return this.flush(text);
    this.pending.push(text);
    this.pendingLength += text.length;
    if (this.pendingLength >= BLOCK) this.flush();
  }

  async close(): Promise<void> {
    this.flush();
    this.attempt((fd) => {
      fsyncSync(fd);
      closeSync(fd);
      this.fd = undefined;
      renameSync(this.temporary, this.path);
    });
  }

  [Symbol.dispose](): void {
    if (this.fd === undefined) return;
    const fd = this.fd;
    this.fd = undefined;
    closeSync(fd);
    try {
      unlinkSync(this.temporary);
    } catch (error) {
      if (!hasCode(error, "ENOENT")) throw error;
    }
  }

  /** Writes the pending text, and `more` behind it. */
  private flush(more?: Uint8Array): void {
    const bytes = Buffer.from(this.pending.join(""));
    this.pending = [];
    this.pendingLength = 0;
    this.attempt((fd) => {
      for (const part of more === undefined ? [bytes] : [bytes, more])
        for (let at = 0; at < part.length; ) at += writeSync(fd, part, at);
    });
  }

  private attempt(step: (fd: number) => void): void {
    if (this.fd === undefined) throw new ReferenceError(`output "${this.name}" is closed`);
    try {
      step(this.fd);
    } catch (error) {
      this[Symbol.dispose]();
      throw writeError(`"${this.name}"`, error);
    }
  }
}

/** The file that `path` leads to, and what is there already. */
function targetOf(path: string): { path: string; stats: Stats | undefined } {
  try {
    const stats = statSync(path);
    if (!stats.isDirectory()) return { path: realpathSync(path), stats };
  } catch (error) {
    if (hasCode(error, "ENOENT")) return { path: endOfLinks(path), stats: undefined };
    throw new UsageError(`output "${path}": ${reasonOf(error)}`, { cause: error });
  }
  throw new UsageError(`output "${path}": is a directory`);
}

/** Where a link whose target does not exist yet points to, or `path` itself. A circle never gets here: it is ELOOP. */
function endOfLinks(path: string): string {
  const link = lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
  return link ? endOfLinks(resolve(dirname(path), readlinkSync(path))) : path;
}

/** Gives the new file the mode and, where allowed, the owner of the one it replaces. */
function adopt(fd: number, replaced: Stats): void {
  try {
    fchownSync(fd, replaced.uid, replaced.gid);
  } catch (error) {
    if (!hasCode(error, "EPERM")) throw error;
  }
  fchmodSync(fd, replaced.mode & 0o777);
}
