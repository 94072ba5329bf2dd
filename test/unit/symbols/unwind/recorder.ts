/** Compiles the recorder, runs it, and reads what it has written down. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { unwindMachine } from "../../../../src/symbols/unwind/machine";
import { compiled } from "../../../compiled";
import { recorderSource } from "./recorder-source";

/** One moment of the recorder: what a sample has, and the frames that libgcc found. */
export interface Moment {
  readonly registers: BigUint64Array;
  readonly stack: BigUint64Array;
  readonly frames: readonly bigint[];
}

/** Builds the recorder with these flags, has it take `samples` samples, and shows them while it is still there. */
export async function withRecorder(
  flags: readonly string[],
  samples: number,
  use: (pid: number, moments: readonly Moment[]) => void,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "bpfkit-unwind-"));
  try {
    const program = compiled(recorderSource, { name: "recorder", flags: ["-w", ...flags] });
    const written = join(folder, "moments");
    const output = openSync(written, "w");
    const child = spawn(program, [String(samples)], { stdio: ["pipe", "ignore", "inherit", output] });
    closeSync(output);
    const ended = once(child, "exit");
    try {
      await finished(child.pid as number);
      use(child.pid as number, readMoments(readFileSync(written)));
    } finally {
      child.stdin?.end();
      await ended;
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Waits until the recorder has closed its descriptor 3. */
async function finished(pid: number): Promise<void> {
  for (;;) {
    try {
      readFileSync(`/proc/${pid}/fdinfo/3`);
    } catch {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function readMoments(bytes: Buffer): Moment[] {
  const words = unwindMachine(process.arch).registerWords;
  const moments: Moment[] = [];
  for (let at = 0; at < bytes.length; ) {
    const read = (size: number) => {
      at += size;
      return new Uint8Array(bytes.subarray(at - size, at));
    };
    const numbers = (count: number) => new BigUint64Array(read(8 * count).buffer);
    const registers = numbers(words);
    const stack = numbers(Number(numbers(1)[0]) / 8);
    moments.push({ registers, stack, frames: [...numbers(Number(numbers(1)[0]))] });
  }
  return moments;
}
