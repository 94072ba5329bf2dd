/**
 * Reads /proc/kallsyms. The kernel prints it while it is read, a page for each read(2): 0.5 µs for each symbol, which is
 * most of the time it takes until symbols have names.
 */
import { closeSync, openSync, readSync } from "node:fs";
import { open } from "node:fs/promises";

/** Room for 250,000 symbols; more is made when it is not enough. */
const USUAL_SIZE = 12 * 1024 * 1024;

/**
 * readv(2) goes on to the next part when one is full, so that a single call brings many pages. A part gets full if it
 * is no larger than a page less the longest line, of 600 bytes: a page ends before the line that no longer fits
 * (fs/seq_file.c).
 */
const PART = 3072;
/** 1.5 MiB in a call: 20 ms of the kernel's time, in which even code that was never run before is done with as much. */
const PARTS = 512;

/** The whole file. Throws node's error where it cannot be read. */
export function readAtOnce(path: string): Buffer {
  const file = openSync(path, "r");
  try {
    let bytes = Buffer.allocUnsafeSlow(USUAL_SIZE);
    let length = 0;
    for (;;) {
      // Node's readFileSync makes a new piece of memory for each page.
      const count = readSync(file, bytes, length, bytes.length - length, null);
      if (count === 0) return bytes.subarray(0, length);
      length += count;
      if (length === bytes.length) bytes = Buffer.concat([bytes], 2 * length);
    }
  } finally {
    closeSync(file);
  }
}

/**
 * The whole file, read by one of node's threads. Meanwhile `each` is called with what there is of it so far, from its
 * beginning. Rejects with node's error where it cannot be read.
 */
export async function readInPieces(path: string, each: (soFar: Buffer) => void): Promise<Buffer> {
  const file = await open(path, "r");
  try {
    let bytes = Buffer.allocUnsafeSlow(USUAL_SIZE);
    let length = 0;
    for (;;) {
      if (length + PARTS * PART > bytes.length) bytes = Buffer.concat([bytes], 2 * bytes.length);
      const reading = file.readv(partsOf(bytes, length));
      each(bytes.subarray(0, length));
      const { bytesRead } = await reading;
      if (bytesRead === 0) return bytes.subarray(0, length);
      length += bytesRead;
    }
  } finally {
    await file.close();
  }
}

function partsOf(bytes: Buffer, from: number): Buffer[] {
  return Array.from({ length: PARTS }, (_, part) =>
    bytes.subarray(from + part * PART, from + (part + 1) * PART),
  );
}
