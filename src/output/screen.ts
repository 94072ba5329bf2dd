/** The terminal as a canvas: taken over as a whole, redrawn in place, always given back as it was. */
import { type BpfkitError, UsageError } from "../core/errors";
import { writeError } from "./sink";
import { clip } from "./width";

/** The part of `tty.WriteStream` that a screen uses. */
export interface Terminal {
  readonly isTTY?: boolean | undefined;
  readonly columns: number;
  readonly rows: number;
  readonly writableNeedDrain?: boolean;
  write(text: string): boolean;
  on(event: "resize", listener: () => void): unknown;
  on(event: "error", listener: (error: unknown) => void): unknown;
  off(event: "resize", listener: () => void): unknown;
}

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

const ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l"; // alternate screen, cursor hidden, no wrapping
const LEAVE = "\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l";
const BEGIN = "\x1b[?2026h\x1b[H"; // synchronized output: terminals that know it show the frame at once
const REST = "\r\n\x1b[J";
const FINISH = "\x1b[?2026l";

/** Owns the terminal until disposed of. `restore` may also be called from signal and exit handlers. */
export class Screen implements Disposable {
  private frame: ((size: Size) => readonly string[]) | undefined;
  private restored = false;
  private failure: BpfkitError | undefined;

  constructor(private readonly terminal: Terminal) {
    if (terminal.isTTY !== true) {
      throw new UsageError("live screen: stdout is not a terminal", {
        hint: "use --interval for one table after another",
      });
    }
    terminal.on("error", this.fail);
    terminal.on("resize", this.redraw);
    terminal.write(ENTER);
  }

  get size(): Size {
    const { columns, rows } = this.terminal;
    return { columns: columns || 80, rows: rows || 24 };
  }

  /** Shows the lines `frame` gives for the terminal's size; asks it again whenever the size changes. */
  draw(frame: (size: Size) => readonly string[]): void {
    if (this.failure !== undefined) throw this.failure;
    this.frame = frame;
    this.redraw();
  }

  /** Gives the terminal back until `resume`, before a stop by Ctrl-Z. */
  suspend(): void {
    if (!this.restored) this.terminal.write(LEAVE);
  }

  /** Takes the terminal over again, after a stop by Ctrl-Z and SIGCONT. */
  resume(): void {
    if (this.restored) return;
    this.terminal.write(ENTER);
    this.redraw();
  }

  /** Gives the terminal back; a second call does nothing. */
  restore(): void {
    if (this.restored) return;
    this.restored = true;
    this.terminal.off("resize", this.redraw);
    if (this.failure === undefined) this.terminal.write(LEAVE);
  }

  [Symbol.dispose](): void {
    this.restore();
  }

  private readonly redraw = (): void => {
    // A terminal that does not keep up misses frames instead of falling further behind.
    if (this.restored || this.frame === undefined || this.terminal.writableNeedDrain === true) return;
    const { size } = this;
    const lines = this.frame(size).slice(0, size.rows);
    // What is erased after a line that fills its row would be its last letter, where the cursor stays.
    const text = lines.map((line) => `\x1b[K${clip(line, size.columns)}`).join("\r\n");
    this.terminal.write(BEGIN + text + (lines.length < size.rows ? REST : "") + FINISH);
  };

  private readonly fail = (error: unknown): void => {
    this.failure ??= writeError("terminal", error, true);
  };
}
