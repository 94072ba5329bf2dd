/**
 * High rates come from loops, and a call in a loop differs from the one before in little but its time: what is the same
 * is not put together again but copied, with the digits of the time written over.
 */
import type { ByteWriter } from "../../output/byte-writer";
import { CallHead, type RecordLayout } from "../../probes/calls/call-record";
import type { CallClock } from "./call-clock";
import type { Write } from "./value-writer";

const { timeNs, tid, site } = CallHead.offsets;
/** Thread, process and name: what a line begins with besides the time. */
const HEAD_WORDS = (site - tid) / 4;
const NONE = new Uint8Array(0);

/** How a line begins. */
export interface LineBeginning {
  /** Writes it as a whole, told where the record is. */
  readonly writeHead: Write;
  /** Where in it the digits after the second are. */
  readonly fraction: { readonly at: number; readonly digits: number };
}

/**
 * What writes the beginnings of a site's lines, and with a `layout` of its records the arguments behind them, which
 * `writeArguments` does for any record.
 */
export function repeatedLine(
  clock: CallClock,
  beginning: LineBeginning,
  layout?: Pick<RecordLayout, "words" | "size">,
  writeArguments: Write = () => {},
): Write {
  const line = new RepeatedLine(clock, beginning, layout ?? { words: 0, size: 0 }, writeArguments);
  return (out, view, at) => line.write(out, view, at);
}

class RepeatedLine {
  /** Of the last record: those of the head, then those of the arguments. */
  private readonly words: Int32Array;
  private readonly argumentWords: number;
  /** What `head` begins with is a time in this second. */
  private second = Number.NaN;
  private head = NONE;
  /** The head with its arguments. Empty until two calls in a row had the same: others do not pay for keeping it. */
  private whole = NONE;

  constructor(
    private readonly clock: CallClock,
    private readonly beginning: LineBeginning,
    private readonly layout: Pick<RecordLayout, "words" | "size">,
    private readonly writeArguments: Write,
  ) {
    this.argumentWords = (layout.size - layout.words) / 4;
    this.words = new Int32Array(HEAD_WORDS + this.argumentWords);
  }

  write(out: ByteWriter, view: DataView, at: number): void {
    const start = out.at;
    const { digits } = this.beginning.fraction;
    const fraction = this.clock.fraction(view, at + timeNs, digits);
    const isHead = this.clock.second === this.second && this.isSame(view, at + tid, 0, HEAD_WORDS);
    const isWhole = this.isSame(view, at + this.layout.words, HEAD_WORDS, this.argumentWords);
    if (isHead) {
      const hasAll = isWhole && this.whole.length > 0;
      out.copy(hasAll ? this.whole : this.head);
      out.digitsAt(start + this.beginning.fraction.at, fraction, digits);
      if (hasAll) return;
    } else {
      this.beginning.writeHead(out, view, at);
      this.head = Uint8Array.from(out.bytes.subarray(start, out.at));
      this.second = this.clock.second;
      this.keep(view, at + tid, 0, HEAD_WORDS);
    }
    this.writeArguments(out, view, at);
    this.whole = isHead && isWhole ? Uint8Array.from(out.bytes.subarray(start, out.at)) : NONE;
    if (!isWhole) this.keep(view, at + this.layout.words, HEAD_WORDS, this.argumentWords);
  }

  private isSame(view: DataView, at: number, first: number, count: number): boolean {
    const { words } = this;
    for (let i = 0; i < count; i++) if (view.getInt32(at + 4 * i, true) !== words[first + i]) return false;
    return true;
  }

  private keep(view: DataView, at: number, first: number, count: number): void {
    for (let i = 0; i < count; i++) this.words[first + i] = view.getInt32(at + 4 * i, true);
  }
}
