import type { Clock } from "../commands/context";

/** The longest time a timer takes: more wraps round to 1 ms. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** The clocks of this machine. */
export const systemClock: Clock = {
  now: () => new Date(),
  monotonicNs: () => process.hrtime.bigint(),
  sleep: (ns, signal) =>
    new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const wake = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", wake);
        resolve();
      };
      const timer = setTimeout(wake, Math.min(Math.ceil(ns / 1e6), MAX_TIMER_MS));
      signal.addEventListener("abort", wake);
    }),
};
