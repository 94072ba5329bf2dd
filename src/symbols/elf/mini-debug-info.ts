/**
 * The symbols that some distributions leave in stripped files: .gnu_debugdata is an ELF file of its own, compressed by
 * xz ("MiniDebugInfo" in gdb's manual). It is unpacked by WebAssembly, which is loaded for the first such file.
 */
import type { XzReadableStream } from "xz-decompress";
import { messageOf } from "../../core/errors";
import { ElfFile } from "./elf-file";
import { ElfError } from "./error";
import { MemorySource } from "./source";

/** A damaged stream may unpack to anything; real ones have a few megabytes. */
const LARGEST = 256 * 1024 * 1024;
/** The last piece is empty; a stream that is cut short gives such for ever. */
const EMPTY_PIECES = 3;

/** The file inside `elf`; undefined if there is none. Rejects with an ElfError if it is damaged. */
export async function openMiniDebugInfo(elf: ElfFile): Promise<ElfFile | undefined> {
  const section = elf.section(".gnu_debugdata");
  if (section === undefined) return undefined;
  const packed = elf.read(section);
  try {
    return new ElfFile(new MemorySource(await unpackXz(packed), `${elf.name} (.gnu_debugdata)`));
  } catch (error) {
    throw error instanceof ElfError
      ? error
      : new ElfError(`ELF "${elf.name}": .gnu_debugdata: ${messageOf(error)}`, { cause: error });
  }
}

async function unpackXz(packed: Buffer): Promise<Buffer> {
  const xz = require("xz-decompress") as { XzReadableStream: typeof XzReadableStream };
  let left: Uint8Array | undefined = packed;
  const input = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (left === undefined) controller.close();
      else controller.enqueue(left);
      left = undefined;
    },
  });
  const reader = new xz.XzReadableStream(input).getReader();
  const pieces: Uint8Array[] = [];
  let length = 0;
  let empty = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return Buffer.concat(pieces, length);
    pieces.push(value);
    length += value.length;
    empty = value.length === 0 ? empty + 1 : 0;
    if (empty > EMPTY_PIECES || length > LARGEST) {
      await reader.cancel();
      throw new RangeError(empty > 0 ? "cut short" : `unpacks to more than ${LARGEST} bytes`);
    }
  }
}
