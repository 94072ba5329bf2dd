/** When a kernel test may be skipped. Pure: `kernel-test.ts` brings the facts. */

/** What a feature probe found; "unknown" is one that could not be concluded. */
export type State = "available" | "missing" | "denied" | "unknown";

/** What decides. */
export interface Circumstances {
  /** Why BPF may not be used at all here; undefined with the rights. */
  readonly denied: string | undefined;
  /** BPFKIT_REQUIRE_KERNEL=1: what should run here and does not is a failure. */
  readonly required: boolean;
  /** The name of the kernel at hand, for messages. */
  readonly kernel: string;
  /** What may be missing where the kernel is known, which it is when tests are required. */
  readonly expectedMissing: ReadonlySet<string>;
  stateOf(need: string): State;
}

/** What to do with a test. */
export type Verdict =
  | { readonly kind: "run" }
  | { readonly kind: "skip"; readonly reason: string; readonly feature?: string }
  | { readonly kind: "fail"; readonly reason: string };

/**
 * Decides about a test that needs these features of the kernel and, as `program:NAME` and `module:NAME`, these programs and modules. What is
 * missing is a reason to skip; where tests are required, only if the table expects it to be missing. What is there
 * and refuses, or gives no clear answer, is never a reason.
 */
export function verdictFor(needs: readonly string[], at: Circumstances): Verdict {
  if (at.denied !== undefined) return { kind: at.required ? "fail" : "skip", reason: at.denied };
  for (const feature of needs) {
    const state = at.stateOf(feature);
    if (state === "available") continue;
    const reason = `kernel "${at.kernel}": "${feature}" is ${state}`;
    if (state !== "missing") return { kind: "fail", reason };
    if (at.required && !at.expectedMissing.has(feature))
      return { kind: "fail", reason: `${reason}, which test/guests/expected-features.ts does not expect` };
    return { kind: "skip", reason, feature };
  }
  return { kind: "run" };
}
