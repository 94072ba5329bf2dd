/** What a probe saw, before anyone asks why the kernel refused. Pure. */
import { errno, errnoName } from "../../core/errno";

/** What came of trying. "refused" may be about rights or about the kernel: only who knows the rights can tell. */
export type Outcome =
  | { readonly kind: "works"; readonly detail: string }
  | { readonly kind: "lacks"; readonly detail: string }
  | { readonly kind: "refused"; readonly detail: string }
  | { readonly kind: "unclear"; readonly detail: string };

/** It works. */
export function works(detail = ""): Outcome {
  return { kind: "works", detail };
}

/** This kernel does not have it. */
export function lacks(detail: string): Outcome {
  return { kind: "lacks", detail };
}

/** It could not be tried, or the answer means nothing. */
export function unclear(detail: string): Outcome {
  return { kind: "unclear", detail };
}

/** How a kernel answers that does not know what it is asked for. */
const ABSENT: readonly number[] = [
  errno.EINVAL, // no such type, command, attach type or flag
  errno.E2BIG, // an argument block longer than it knows, with something in the rest
  errno.ENOENT, // no such event, tracepoint or function
  errno.ESRCH, // no such function in BTF
  errno.ENODEV, // no such PMU
  errno.ENOSYS,
  errno.EOPNOTSUPP,
  errno.ENOTSUPP,
];

/** What the result of a system call means: a number or −errno. Further error numbers that mean absence may be given. */
export function outcomeOf(call: string, result: number, absent: readonly number[] = []): Outcome {
  if (result >= 0) return works();
  const detail = `${call}: ${errnoName(-result)}`;
  if (ABSENT.includes(-result) || absent.includes(-result)) return { kind: "lacks", detail };
  // A program that the verifier rejects gets EACCES as well, but none of ours should be.
  if (-result === errno.EPERM || -result === errno.EACCES) return { kind: "refused", detail };
  return { kind: "unclear", detail };
}

/** The first outcome that is not "works", else the last. Later steps are not tried after a failure. */
export function firstFailure(...steps: readonly (() => Outcome)[]): Outcome {
  let outcome: Outcome = works();
  for (const step of steps) {
    outcome = step();
    if (outcome.kind !== "works") return outcome;
  }
  return outcome;
}
