import { writeSync } from "node:fs";
import { hasCode } from "../core/errors";

/**
 * Writes a short text to stdout (1) or stderr (2) before it returns. Not by way of `process.stdout`: making that
 * stream takes longer than the whole of `--help`. When nobody reads any more, that is the end of it.
 */
export function say(fd: 1 | 2, text: string): void {
  const bytes = Buffer.from(text);
  let written = 0;
  try {
    while (written < bytes.length) written += writeSync(fd, bytes, written);
  } catch (error) {
    // A pipe that is full and does not block, perhaps made so by another program: the stream can wait.
    if (hasCode(error, "EAGAIN")) (fd === 1 ? process.stdout : process.stderr).write(bytes.subarray(written));
  }
}
