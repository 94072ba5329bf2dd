import type { SuiteResult } from "./jest-results";
import type { GuestKernel } from "./kernels";

/** What came out of one guest. */
export interface GuestResult extends SuiteResult {
  readonly kernel: GuestKernel;
  /** As `uname -r` says; undefined when the guest did not come so far. */
  readonly release: string | undefined;
  readonly bootSeconds: number;
}

/** The result of a guest in which no test was run. */
export function brokenGuest(kernel: GuestKernel, fault: string, release?: string): GuestResult {
  const nothing = { passed: 0, failures: [], skips: [], again: [], bootSeconds: 0, testSeconds: 0 };
  return { kernel, release, ...nothing, faults: [fault] };
}
