import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";

/** How a live value is followed. */
export interface LiveOptions {
  /** Ends the iteration. */
  readonly signal?: AbortSignal;
  /** How often the value is looked at; 100 unless given. Changes in between are seen as one. */
  readonly intervalMs?: number;
}

/**
 * The value now, and again each time it is found changed, until `signal` is aborted or the loop is left. The kernel
 * announces no change of a map, so the value is looked at on a timer; a slow loop gets the latest value, and nothing
 * is kept for it in between.
 */
export async function* liveValues<V>(
  read: () => V,
  { signal, intervalMs = 100 }: LiveOptions = {},
): AsyncGenerator<V, void, undefined> {
  if (!(intervalMs > 0)) throw new RangeError(`live value: an interval of ${intervalMs} ms is not above 0`);
  let last: { readonly value: V } | undefined;
  while (signal?.aborted !== true) {
    const value = read();
    if (last === undefined || !isDeepStrictEqual(value, last.value)) {
      last = { value };
      yield value;
    } else if (!(await passed(intervalMs, signal))) {
      return;
    }
  }
}

/** False when `signal` came first. */
async function passed(ms: number, signal: AbortSignal | undefined): Promise<boolean> {
  try {
    await sleep(ms, undefined, signal === undefined ? {} : { signal });
    return true;
  } catch (error) {
    if (signal?.aborted === true) return false;
    throw error;
  }
}
