/**
 * Which calls contain which, by thread. A call's frame on the stack tells it from others: an inner frame lies below an
 * outer one, so frames that a longjmp has left are known when the next call begins above them, or when a call around
 * them returns. What was left without a return is told of as abandoned. Pure.
 */
import { CallHead, type RecordLayout, TAIL_CALL } from "../../probes/calls/call-record";
import type { ShownSite } from "./shown-site";

/** A call that has begun. */
export interface OpenCall {
  /** From 1, in the order of the calls' beginnings. */
  readonly id: number;
  readonly site: ShownSite;
  readonly frame: bigint;
  readonly outer: OpenCall | undefined;
  /** How many calls are around it. */
  readonly depth: number;
  /** The record of its beginning. */
  readonly view: DataView;
  /** What the calls inside of it took. */
  innerNs: number;
  /** Whether its beginning has been shown. */
  isShown: boolean;
}

export interface Nested {
  readonly call: OpenCall;
  /** Calls that ended before without returning, the innermost first. */
  readonly abandoned: readonly OpenCall[];
}

interface Thread {
  readonly pid: number;
  readonly open: OpenCall[];
}

/** Stacks are at most so large, unless told otherwise: what is further away is on another one. */
const STACK_SIZE = 8n << 20n;
/** Calls of a thread that may be open, and threads with open calls. Who ends without returning leaves some behind. */
const MOST_OPEN = 4096;
const MOST_THREADS = 16_384;

const { tid: TID, pid: PID } = CallHead.offsets;
const NONE: readonly OpenCall[] = [];

export class CallNesting {
  private readonly threads = new Map<number, Thread>();
  private lastId = 0;

  /** A call begins. */
  enter(site: ShownSite, view: DataView, at: number): Nested {
    const { open, left } = this.thread(view, at);
    const place = frameAt(site.layout, view, at);
    const isTail = (place & TAIL_CALL) !== 0n;
    const frame = place & ~TAIL_CALL;
    const abandoned = [...left, ...this.leftBehind(open, { site, frame, isTail })];
    const outer = open.at(-1);
    const call = this.call(site, frame, outer, view, at);
    open.push(call);
    return { call, abandoned };
  }

  /** Something happens that has no end. */
  happens(site: ShownSite, view: DataView, at: number): OpenCall {
    const { open } = this.thread(view, at);
    const call = this.call(site, 0n, open.at(-1), view, at);
    if (open.length === 0) this.threads.delete(view.getUint32(at + TID, true));
    return call;
  }

  /** A call returns after `durationNs`. Undefined where its beginning was lost. */
  leave(
    site: ShownSite,
    layout: RecordLayout,
    view: DataView,
    at: number,
    durationNs: number,
  ): Nested | undefined {
    const tid = view.getUint32(at + TID, true);
    const { open } = this.thread(view, at);
    const frame = frameAt(layout, view, at);
    const index = open.findLastIndex((call) => call.site === site && call.frame === frame);
    const call = open[index];
    if (call === undefined) {
      if (open.length === 0) this.threads.delete(tid);
      return undefined;
    }
    const abandoned = open.splice(index + 1).reverse();
    open.pop();
    if (call.outer !== undefined) call.outer.innerNs += durationNs;
    if (open.length === 0) this.threads.delete(tid);
    return { call, abandoned };
  }

  /** The calls that are still open, by thread, the innermost first. */
  *rest(): Generator<OpenCall> {
    for (const { open } of this.threads.values()) yield* [...open].reverse();
    this.threads.clear();
  }

  private thread(view: DataView, at: number): Thread & { readonly left: readonly OpenCall[] } {
    const tid = view.getUint32(at + TID, true);
    const pid = view.getUint32(at + PID, true);
    const known = this.threads.get(tid);
    if (known?.pid === pid) return { ...known, left: NONE };
    const thread: Thread = { pid, open: [] };
    // Another process has the thread's number now.
    const left = known === undefined ? this.oldest() : [...known.open].reverse();
    this.threads.set(tid, thread);
    return { ...thread, left };
  }

  /** Makes room for another thread. */
  private oldest(): readonly OpenCall[] {
    if (this.threads.size < MOST_THREADS) return NONE;
    const [[tid, { open }] = [0, { open: [] as OpenCall[] }]] = this.threads;
    this.threads.delete(tid);
    return open.reverse();
  }

  private leftBehind(open: OpenCall[], next: Beginning): OpenCall[] {
    const from = open.findIndex((call) => isGone(call, next));
    if (from >= 0) return open.splice(from).reverse();
    return open.length < MOST_OPEN ? [] : open.splice(0).reverse();
  }

  private call(
    site: ShownSite,
    frame: bigint,
    outer: OpenCall | undefined,
    view: DataView,
    at: number,
  ): OpenCall {
    const { size } = site.layout;
    const copy = new DataView(view.buffer.slice(view.byteOffset + at, view.byteOffset + at + size));
    const depth = outer === undefined ? 0 : outer.depth + 1;
    return { id: ++this.lastId, site, frame, outer, depth, view: copy, innerNs: 0, isShown: false };
  }
}

interface Beginning {
  readonly site: ShownSite;
  readonly frame: bigint;
  /** It was jumped to from the end of another one, and has that one's frame. */
  readonly isTail: boolean;
}

/** Whether an open call cannot be around the one that begins. */
function isGone(open: OpenCall, { site, frame, isTail }: Beginning): boolean {
  const isUser = site.category === "user";
  // The kernel's code does not leave frames behind; a program that runs has left the kernel.
  if (isUser !== (open.site.category === "user")) return isUser;
  if (open.frame === frame) return open.site === site || (isUser && !isTail);
  return isUser && open.frame < frame && frame - open.frame < STACK_SIZE;
}

function frameAt({ frame }: RecordLayout, view: DataView, at: number): bigint {
  return frame === undefined ? 0n : view.getBigUint64(at + frame, true);
}
