/**
 * How the last stack of a thread was unwound. The outer frames of the next one are mostly the same, and then they need not
 * be worked out again: it is enough that what was read on the way is still there.
 */
import type { Frame } from "./frame";
import type { StackMemory } from "./stack-memory";

/** No address: nothing was read. */
const NOWHERE = 0;
const FIRST_ROOM = 64;

export class Trace {
  /** Frames. */
  length = 0;
  private room = 0;
  /** Of each frame its state: where it is, and how it was reached. */
  pcs = new Float64Array(0);
  private sps = new Float64Array(0);
  private fps = new Float64Array(0);
  private steps = new Uint8Array(0);
  /** Where its return address and its caller's frame pointer were read. */
  private returnsAt = new Float64Array(0);
  private fpsAt = new Float64Array(0);
  /** Whether these and the state are all that decided how it was left. */
  private plain = new Uint8Array(0);
  /** The frame pointer behind the last frame. */
  private lastFp = 0;
  /** All frames from this one on are plain. */
  private firstPlain = 0;

  clear(): void {
    this.length = 0;
  }

  /** A frame was reached, by a step of this number. */
  reach(frame: Frame, step: number): void {
    this.reserve(this.length + 1);
    const i = this.length++;
    this.pcs[i] = frame.pc;
    this.sps[i] = frame.sp;
    this.fps[i] = frame.fp;
    this.steps[i] = step;
    this.returnsAt[i] = NOWHERE;
    this.fpsAt[i] = NOWHERE;
    this.plain[i] = 0;
  }

  /** The last frame was left by what was read there; without addresses nothing was. */
  leave(returnAt = NOWHERE, fpAt = NOWHERE): void {
    const i = this.length - 1;
    this.returnsAt[i] = returnAt;
    this.fpsAt[i] = fpAt;
    this.plain[i] = 1;
  }

  /** The thread's first function was reached. */
  complete(fp: number): void {
    this.lastFp = fp;
    this.firstPlain = this.length;
    while (this.firstPlain > 0 && this.plain[this.firstPlain - 1] === 1) this.firstPlain--;
  }

  /** The index of the frame with this stack pointer or a higher one; the search begins at `from`. */
  indexOf(sp: number, from: number): number {
    let i = from;
    while (i < this.length && (this.sps[i] as number) < sp) i++;
    return i;
  }

  /** Whether frame `i` is the same as one that was reached by `step`, and can be followed from there. */
  isAt(i: number, { pc, sp, fp }: Frame, step: number): boolean {
    return (
      i >= this.firstPlain &&
      i < this.length &&
      this.sps[i] === sp &&
      this.pcs[i] === pc &&
      this.fps[i] === fp &&
      this.steps[i] === step
    );
  }

  /** The first frame from `i` on that would be left in another way now; `length` if there is none. */
  follow(i: number, memory: StackMemory): number {
    const { fault } = memory;
    let j = i;
    while (j < this.length && this.isLeftAsBefore(j, memory)) j++;
    // It is no fault of this walk if a word is not there.
    memory.fault = fault;
    return j;
  }

  private isLeftAsBefore(j: number, memory: StackMemory): boolean {
    const isLast = j === this.length - 1;
    const returnAt = this.returnsAt[j] as number;
    if (returnAt !== NOWHERE && memory.word(returnAt) !== (isLast ? 0 : this.pcs[j + 1])) return false;
    const fpAt = this.fpsAt[j] as number;
    return fpAt === NOWHERE || memory.word(fpAt) === (isLast ? this.lastFp : this.fps[j + 1]);
  }

  /** Becomes the frames of `inner` with the own ones from `i` on around them. */
  replaceInner(inner: Trace, i: number): void {
    const shift = inner.length - i;
    const length = this.length + shift;
    this.reserve(length);
    if (shift !== 0) for (const each of this.arrays) each.copyWithin(inner.length, i, this.length);
    for (let j = 0; j < inner.length; j++) {
      this.pcs[j] = inner.pcs[j] as number;
      this.sps[j] = inner.sps[j] as number;
      this.fps[j] = inner.fps[j] as number;
      this.steps[j] = inner.steps[j] as number;
      this.returnsAt[j] = inner.returnsAt[j] as number;
      this.fpsAt[j] = inner.fpsAt[j] as number;
      this.plain[j] = inner.plain[j] as number;
    }
    this.length = length;
    this.complete(this.lastFp);
  }

  private get arrays() {
    return [this.pcs, this.sps, this.fps, this.steps, this.returnsAt, this.fpsAt, this.plain];
  }

  private reserve(count: number): void {
    if (count <= this.room) return;
    this.room = Math.max(FIRST_ROOM, 2 ** Math.ceil(Math.log2(count)));
    const larger = <T extends Float64Array | Uint8Array>(old: T, grown: T): T => {
      grown.set(old);
      return grown;
    };
    this.pcs = larger(this.pcs, new Float64Array(this.room));
    this.sps = larger(this.sps, new Float64Array(this.room));
    this.fps = larger(this.fps, new Float64Array(this.room));
    this.returnsAt = larger(this.returnsAt, new Float64Array(this.room));
    this.fpsAt = larger(this.fpsAt, new Float64Array(this.room));
    this.steps = larger(this.steps, new Uint8Array(this.room));
    this.plain = larger(this.plain, new Uint8Array(this.room));
  }
}
