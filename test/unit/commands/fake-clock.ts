import type { Clock } from "../../../src/commands/context";

/** A clock that only sleeping moves. `early` wakes that many nanoseconds too soon, as timers do. */
export function fakeClock(early = 0) {
  let now = 100n;
  return {
    clock: {
      now: () => new Date(0),
      monotonicNs: () => now,
      async sleep(ns, signal) {
        if (signal.aborted) return;
        if (ns === Number.POSITIVE_INFINITY) {
          await new Promise((resolve) => signal.addEventListener("abort", resolve));
        } else now += BigInt(ns > early ? ns - early : ns);
      },
    } satisfies Clock,
    pass(ns: number) {
      now += BigInt(ns);
    },
  };
}
