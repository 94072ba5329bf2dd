/**
 * How the last stack of a thread was unwound. The outer frames of the next one are mostly the same, and then they need not
 * be worked out again: it is enough that what was read on the way is still there.
 */
import type { Frame } from "./frame";
import type { StackMemory } from "./stack-memory";

/** In place of an address: nothing was read. */
const NOWHERE = 0;
const NO_PLACES = Float64Array.of(NOWHERE, NOWHERE);
const FIRST_ROOM = 64;

export class Trace {
  /** Frames. */
  length = 0;
  private room = 0;
  /** Of each frame its state: where it is, and how it was reached. Behind the last one stands what its way out led to. */
  pcs = new Float64Array(0);
  private sps = new Float64Array(0);
  private fps = new Float64Array(0);
  private steps = new Float64Array(0);
  /**
   * Where its return address and its caller's frame pointer were read; NaN unless these and the state are all that decided
   * how it was left.
   */
  private returnsAt = new Float64Array(0);
  private fpsAt = new Float64Array(0);
  /** All of these. */
  private columns: readonly Float64Array[] = [];
  /** All frames from this one on were left so. */
  private firstPlain = 0;

  clear(): void {
    this.length = 0;
  }

  /** A frame was reached, by a step of this number. */
  reach(frame: Frame, step: number): void {
    const i = this.length++;
    this.reserve();
    this.pcs[i] = frame.pc;
    this.sps[i] = frame.sp;
    this.fps[i] = frame.fp;
    this.steps[i] = step;
    this.returnsAt[i] = Number.NaN;
  }

  /** The last frame was left by what was read at these places of a return address and a frame pointer. */
  leave(places: Float64Array = NO_PLACES): void {
    this.returnsAt[this.length - 1] = places[0] as number;
    this.fpsAt[this.length - 1] = places[1] as number;
  }

  /** The thread's first function was reached: what it was left for has this frame pointer, and no address. */
  complete(fp: number): void {
    this.pcs[this.length] = 0;
    this.fps[this.length] = fp;
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
    const returnAt = this.returnsAt[j] as number;
    const fpAt = this.fpsAt[j] as number;
    return (
      (returnAt === NOWHERE || memory.word(returnAt) === this.pcs[j + 1]) &&
      (fpAt === NOWHERE || memory.word(fpAt) === this.fps[j + 1])
    );
  }

  /** Becomes the frames of `inner` with the own ones from `i` on around them. */
  replaceInner(inner: Trace, i: number): void {
    const end = this.length + 1;
    this.length += inner.length - i;
    this.reserve();
    const { columns } = this;
    for (let n = 0; n < columns.length; n++) {
      const column = columns[n] as Float64Array;
      const theirs = inner.columns[n] as Float64Array;
      if (inner.length !== i) column.copyWithin(inner.length, i, end);
      for (let j = 0; j < inner.length; j++) column[j] = theirs[j] as number;
    }
    this.firstPlain = this.plainFrom(inner.length);
  }

  /** From which frame on all were left plainly, if those from `i` on were. */
  private plainFrom(i: number): number {
    let first = i;
    while (first > 0 && !Number.isNaN(this.returnsAt[first - 1])) first--;
    return first;
  }

  /** Makes room for the frames, and what stands behind them. */
  private reserve(): void {
    if (this.length >= this.room) this.grow(Math.max(FIRST_ROOM, 2 * this.room, this.length + 1));
  }

  /** Not in `reserve`, which is asked for each frame: V8 would make its closure each time. */
  private grow(room: number): void {
    const grown = (column: Float64Array) => {
      const larger = new Float64Array(room);
      larger.set(column);
      return larger;
    };
    this.room = room;
    this.pcs = grown(this.pcs);
    this.sps = grown(this.sps);
    this.fps = grown(this.fps);
    this.steps = grown(this.steps);
    this.returnsAt = grown(this.returnsAt);
    this.fpsAt = grown(this.fpsAt);
    this.columns = [this.pcs, this.sps, this.fps, this.steps, this.returnsAt, this.fpsAt];
  }
}
