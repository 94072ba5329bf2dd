/** The keys of the live screen: stdin taken letter by letter, and always given back. */
import type { Key } from "../commands/context";

/** What is needed of `process.stdin`. */
export interface KeySource {
  readonly isTTY?: boolean;
  setRawMode?(raw: boolean): unknown;
  resume(): unknown;
  pause(): unknown;
  on(event: "data", listener: (data: Buffer | string) => void): unknown;
  off(event: "data", listener: (data: Buffer | string) => void): unknown;
}

const NAMES: Readonly<Record<string, Key>> = {
  "\x1b[A": "up",
  "\x1bOA": "up",
  "\x1b[B": "down",
  "\x1bOB": "down",
  "\r": "enter",
  "\n": "enter",
  "\x1b": "escape",
};
// biome-ignore lint/suspicious/noControlCharactersInRegex: keys that are no letters begin with ESC
const PIECE = /\x1b[[O][0-9;]*[A-Za-z~]|./gsu;

/** The keys in what a terminal sent. */
export function keysIn(text: string): Key[] {
  return [...text.matchAll(PIECE)].map(([piece]) => NAMES[piece] ?? (piece.length === 1 ? piece : "other"));
}

/** Reads keys while somebody listens. In raw mode Ctrl-C and Ctrl-Z are letters, so they are turned into signals here. */
export class Keyboard implements Disposable {
  private listener: ((key: Key) => void) | undefined;

  constructor(
    private readonly source: KeySource,
    private readonly raise: (signal: "SIGINT" | "SIGTSTP") => void,
  ) {}

  listen(listener: (key: Key) => void): void {
    this.listener = listener;
    if (this.source.isTTY !== true) return;
    this.source.setRawMode?.(true);
    this.source.on("data", this.receive);
    this.source.resume();
  }

  /** Takes the terminal over again, after a stop by Ctrl-Z and SIGCONT. */
  resume(): void {
    if (this.listener !== undefined && this.source.isTTY === true) this.source.setRawMode?.(true);
  }

  [Symbol.dispose](): void {
    if (this.listener === undefined || this.source.isTTY !== true) return;
    this.listener = undefined;
    this.source.off("data", this.receive);
    this.source.setRawMode?.(false);
    this.source.pause();
  }

  private readonly receive = (data: Buffer | string): void => {
    for (const key of keysIn(data.toString())) {
      if (key === "\x03") this.raise("SIGINT");
      else if (key === "\x1a") this.stop();
      else this.listener?.(key);
    }
  };

  private stop(): void {
    this.source.setRawMode?.(false);
    this.raise("SIGTSTP");
  }
}
