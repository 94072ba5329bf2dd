import { BpfkitError } from "../core/errors";
import type { Syscalls, Watch } from "../sys/syscalls";
import type { RecordDecoder } from "./map-spec";

/**
 * Sees a record where it lies: `length` bytes of `view` from `at`. It is the program's again as soon as this
 * returns, so whatever is kept must be copied.
 */
export type RecordVisitor = (view: DataView, at: number, length: number) => void;

/** Turns the bytes of a record into a value. Throws a BpfkitError for a record too short for its codec. */
export function decoderOf<R>(
  buffer: string,
  record: RecordDecoder<R>,
): (view: DataView, at: number, length: number) => R {
  if (typeof record === "function") return record;
  return (view, at, length) => {
    if (length < record.size)
      throw new BpfkitError(`${buffer}: a record of ${length} bytes, its codec needs ${record.size}`);
    return record.decode(view, at);
  };
}

/** How a reader learns that there are records. */
export interface RecordOptions {
  /** Ends the reading. */
  readonly signal?: AbortSignal;
  /**
   * "timer", the default, looks every `intervalMs`: programs then need not wake anybody, which costs them much more
   * than the record. "event" waits for the kernel, for programs that submit without BPF_RB_NO_WAKEUP.
   */
  readonly wake?: "timer" | "event";
  /** For the timer; 5 unless given. */
  readonly intervalMs?: number;
}

const INTERVAL_MS = 5;

/** What there is to read. */
interface Source<R> {
  readonly number: number;
  /** Bytes read so far, and bytes that wait. */
  readonly position: number;
  readonly pending: number;
  drain(): R[];
}

/** The source's records in batches, as they come. */
export async function* recordBatches<R>(
  sys: Syscalls,
  source: Source<R>,
  { signal, wake = "timer", intervalMs = INTERVAL_MS }: RecordOptions,
): AsyncGenerator<R[], void, undefined> {
  const watch = wake === "event" ? sys.watch(source.number) : undefined;
  // What came before the end is still read, but not what a busy program adds after it.
  let end: number | undefined;
  const onAbort = (): void => {
    try {
      end ??= source.position + source.pending;
    } catch {
      end = 0; // closed before: nothing left to read
    }
  };
  if (signal?.aborted) onAbort();
  signal?.addEventListener("abort", onAbort);
  try {
    for (;;) {
      if (end !== undefined && source.position >= end) return;
      const batch = source.drain();
      if (batch.length > 0) yield batch;
      else if (end !== undefined) return;
      else await (watch === undefined ? pause(intervalMs, signal) : readable(watch, signal));
    }
  } finally {
    signal?.removeEventListener("abort", onAbort);
    watch?.[Symbol.dispose]();
  }
}

/** Both waits end early when the signal is aborted. */
function until(signal: AbortSignal | undefined, start: (done: () => void) => () => void): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const finish = (): void => {
      signal?.removeEventListener("abort", finish);
      cancel();
      resolve();
    };
    const cancel = start(finish);
    signal?.addEventListener("abort", finish);
  });
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return until(signal, (done) => {
    const timer = setTimeout(done, ms);
    return () => clearTimeout(timer);
  });
}

function readable(watch: Watch, signal: AbortSignal | undefined): Promise<void> {
  return until(signal, (done) => {
    watch.once(done);
    return () => {};
  });
}
