import { BpfCmd, MapUpdate } from "../core/bpf-uapi";
import { bytes, type Codec } from "../core/codec";
import { errno } from "../core/errno";
import type { Syscalls } from "../sys/syscalls";
import type { Fd } from "./fd";
import { MapElement } from "./map-element";
import { mapError } from "./map-error";
import { MapObject } from "./map-object";
import type { QueueSpec } from "./queue-spec";

/** What to do when a queue is full: fail with E2BIG, or drop the value that would be popped next. */
export type WhenFull = "fail" | "replace";

const noKey = bytes(0) as Codec<unknown>;

/** How a queue is read as a stream. */
export interface QueueOptions {
  /** Ends the iteration. */
  readonly signal?: AbortSignal;
  /** How long to wait before an empty queue is looked at again; 100 unless given. */
  readonly intervalMs?: number;
}

/** A queue or a stack: a channel between programs and user space. Errors as those of `BpfMap`. */
export class BpfQueue<V> extends MapObject<QueueSpec<V>> {
  private readonly element: MapElement<unknown, V>;

  constructor(sys: Syscalls, spec: QueueSpec<V>, fd: Fd) {
    super(sys, spec, fd);
    this.element = new MapElement(sys, spec as QueueSpec, noKey, spec.value, fd);
  }

  push(value: V, whenFull: WhenFull = "fail"): void {
    this.element.setValue(value);
    const flags = whenFull === "replace" ? MapUpdate.BPF_EXIST : MapUpdate.BPF_ANY;
    const result = this.element.onBoth(BpfCmd.BPF_MAP_UPDATE_ELEM, flags);
    if (result < 0) throw mapError(this.spec, "push", -result);
  }

  /** Removes the next value; undefined when there is none. */
  pop(): V | undefined {
    return this.read(BpfCmd.BPF_MAP_LOOKUP_AND_DELETE_ELEM, "pop");
  }

  /** The next value, which stays; undefined when there is none. */
  peek(): V | undefined {
    return this.read(BpfCmd.BPF_MAP_LOOKUP_ELEM, "peek");
  }

  /** Pops each value as it comes, until `signal` is aborted or the loop is left. What was pushed and not popped stays. */
  async *values({ signal, intervalMs = 100 }: QueueOptions = {}): AsyncGenerator<V, void, undefined> {
    if (!(intervalMs > 0)) throw new RangeError(`queue: an interval of ${intervalMs} ms is not above 0`);
    while (signal?.aborted !== true) {
      const value = this.pop();
      if (value !== undefined) yield value;
      else await pause(intervalMs, signal);
    }
  }

  /** `values()` with nothing but defaults. */
  [Symbol.asyncIterator](): AsyncGenerator<V, void, undefined> {
    return this.values();
  }

  private read(command: number, operation: string): V | undefined {
    const result = this.element.onBoth(command);
    if (result === -errno.ENOENT) return undefined;
    if (result < 0) throw mapError(this.spec, operation, -result);
    return this.element.value;
  }
}

/** Returns after the time, or as soon as `signal` is aborted. */
function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const wake = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", wake);
      resolve();
    };
    const timer = setTimeout(wake, ms);
    signal?.addEventListener("abort", wake);
  });
}
