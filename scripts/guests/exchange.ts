import { mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { shellCommand, shellQuote } from "./shell-quote";

/**
 * The folder through which host and guest talk, writable on both sides. Host to guest: `command`, a shell script.
 * Guest to host: `started` and `release` when the command begins, `stdout` and `stderr` as it writes them, `status`
 * when it has ended. Tests add `jest.json` and `skips.ndjson`.
 */
export interface Exchange {
  /** On the host; the guest sees it as `guestExchange`. */
  readonly folder: string;
  /** Private to the host: initramfs, console. */
  readonly hostFolder: string;
  remove(): Promise<void>;
}

/** Where the exchange folder is mounted in the guest. */
export const guestExchange = "/run/guest/exchange";

/** What a guest is to run. */
export interface GuestCommand {
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly words: readonly string[];
}

/** A new exchange folder that holds the command. */
export async function createExchange(command: GuestCommand): Promise<Exchange> {
  const hostFolder = await mkdtemp(join(tmpdir(), "bpfkit-guest-"));
  const folder = await mkdtemp(join(hostFolder, "exchange-"));
  await writeFile(join(folder, "command"), commandScript(command));
  return { folder, hostFolder, remove: () => rm(hostFolder, { recursive: true, force: true }) };
}

/** The script that the guest's start script runs: a clean environment, the folder, the program. */
export function commandScript({ cwd, environment, words }: GuestCommand): string {
  const exports = Object.entries(environment).map(([name, value]) => `export ${name}=${shellQuote(value)}\n`);
  return `${exports.join("")}cd ${shellQuote(cwd)} || exit 126\nexec ${shellCommand(words)}\n`;
}

/** The content of a file that the guest may not have written yet. */
export async function readIfThere(path: string): Promise<string | undefined> {
  return readFile(path, "utf8").catch(() => undefined);
}

/** Gives what was appended to a file since the last call. */
export function follow(path: string, onData: (chunk: Buffer) => void): () => Promise<void> {
  let at = 0;
  const buffer = Buffer.alloc(64 * 1024);
  return async () => {
    const file = await open(path).catch(() => undefined);
    if (!file) return;
    try {
      for (;;) {
        const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
        if (bytesRead === 0) return;
        at += bytesRead;
        onData(Buffer.from(buffer.subarray(0, bytesRead)));
      }
    } finally {
      await file.close();
    }
  };
}
