/** A real terminal for the program: tmux plays it, and tells what it shows. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";

/** How long to wait for something that must happen. */
const HANG_MS = 60_000;

/** A terminal with a shell in it. */
export interface Tmux extends Disposable {
  /** Types a line into the shell. */
  line(text: string): void;
  /** Presses keys, by tmux's names. */
  press(...keys: string[]): void;
  resize(columns: number, rows: number): void;
  /** The process that the shell runs in the foreground. */
  runs(): number;
  /** What it shows now, blanks at the ends of lines cut off. */
  shows(): string[];
  /** What it shows once that holds. */
  until(what: string, holds: (lines: readonly string[]) => boolean): Promise<string[]>;
}

let opened = 0;

/** Opens a terminal of this size. */
export function openTmux(columns: number, rows: number): Tmux {
  // A server that has just been told to end may still hold its name.
  const server = `bpfkit-test-${process.pid}-${++opened}`;
  const tmux = (...args: string[]) =>
    execFileSync("tmux", ["-L", server, "-f", "/dev/null", ...args], {
      encoding: "utf8",
      env: { ...process.env, LANG: "C.UTF-8", LC_ALL: "C.UTF-8", TERM: "xterm", TMUX: "", PS1: "$ " },
    });
  tmux("new-session", "-d", "-s", "t", "-x", String(columns), "-y", String(rows), "sh");
  const shows = () =>
    tmux("capture-pane", "-p", "-t", "t")
      .split("\n")
      .map((line) => line.trimEnd());
  return {
    line: (text) => void tmux("send-keys", "-t", "t", "-l", `${text}\n`),
    press: (...keys) => void tmux("send-keys", "-t", "t", ...keys),
    resize: (width, height) =>
      void tmux("resize-window", "-t", "t", "-x", String(width), "-y", String(height)),
    runs() {
      const shell = tmux("display-message", "-p", "-t", "t", "#{pane_pid}").trim();
      // tpgid, the foreground process group, whose first process it is. proc(5)
      const stat = readFileSync(`/proc/${shell}/stat`, "utf8");
      return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[5]);
    },
    shows,
    async until(what, holds) {
      const end = Date.now() + HANG_MS;
      for (;;) {
        const lines = shows();
        if (holds(lines)) return lines;
        if (Date.now() > end) throw new Error(`waited in vain until ${what}: ${lines.join("\n")}`);
        await setTimeout(50);
      }
    },
    [Symbol.dispose]() {
      tmux("kill-server");
    },
  };
}
