/**
 * Preloaded into a program under test, which runs with --expose-gc: every second it collects garbage and writes what
 * is still alive, in bytes, a line each, to descriptor 3. What creeps up here is a leak; resident memory also holds
 * garbage that has not been collected.
 */
import { writeSync } from "node:fs";

function liveBytes(): number {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

setInterval(() => writeSync(3, `${liveBytes()}\n`), 1000).unref();
