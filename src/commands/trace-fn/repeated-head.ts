/**
 * What stands before the arguments of a call differs, call after call of a thread, in nothing but the time: the bytes of
 * the last one are used again, with its digits written over.
 */
import type { ByteWriter } from "../../output/byte-writer";
import { CallHead } from "../../probes/calls/call-record";
import type { CallClock } from "./call-clock";
import type { Write } from "./value-writer";

const { timeNs, tid } = CallHead.offsets;
/** Thread, process, name, site: what a head shows besides the time. */
const WORDS = (CallHead.offsets.kind - tid) / 4;

export class RepeatedHead {
  private readonly words = new Int32Array(WORDS);
  private bytes = new Uint8Array(0);

  /** `fraction` is where in a head the digits after the second are. */
  constructor(
    private readonly clock: CallClock,
    private readonly fraction: { readonly at: number; readonly digits: number },
  ) {}

  /** Writes the head of the call whose record is at `at`; `writeHead` does so for any call of its site. */
  write(out: ByteWriter, writeHead: Write, view: DataView, at: number): void {
    const start = out.at;
    const { digits } = this.fraction;
    const fraction = this.isSame(view, at) ? this.clock.fraction(view, at + timeNs, digits) : -1;
    if (fraction < 0) {
      writeHead(out, view, at);
      this.bytes = Uint8Array.from(out.bytes.subarray(start, out.at));
      for (let i = 0; i < WORDS; i++) this.words[i] = view.getInt32(at + tid + 4 * i, true);
      return;
    }
    out.copy(this.bytes);
    out.digitsAt(start + this.fraction.at, fraction, digits);
  }

  private isSame(view: DataView, at: number): boolean {
    for (let i = 0; i < WORDS; i++) if (view.getInt32(at + tid + 4 * i, true) !== this.words[i]) return false;
    return this.bytes.length > 0;
  }
}
