/** `--graph`: from records of beginnings and returns to what a form of output shows of them. */
import type { ByteWriter } from "../../output/byte-writer";
import { CallHead, durationAt, NESTED_RETURN, RecordKind } from "../../probes/calls/call-record";
import type { CallNesting, OpenCall } from "./call-nesting";
import type { CallTotals, CallWriter } from "./call-writer";

/** A call that has returned: how long it took, itself and with what it called; and the record of its return. */
export interface Returned {
  readonly durationNs: number;
  readonly selfNs: number;
  readonly view: DataView;
  readonly at: number;
}

/** What a form of output does with calls. */
export interface GraphForm {
  head(): string;
  enter?(out: ByteWriter, call: OpenCall): void;
  /** `returned` is undefined for one that ended without returning, or is open at the end. */
  leave(out: ByteWriter, call: OpenCall, returned: Returned | undefined): void;
  /** Something that has no end; or a return whose beginning was lost, with `site`. */
  happens(out: ByteWriter, call: OpenCall): void;
  /** Before the output is written. */
  pause?(out: ByteWriter): void;
  end(totals: CallTotals): string;
}

const KIND = CallHead.offsets.kind;

export interface GraphOptions {
  readonly nesting: CallNesting;
  /** Bytes that the longest line takes. */
  readonly longest: number;
  /** Only the return of a call tells whether it is shown, and the calls around it with it. */
  readonly decidesAtReturn: boolean;
}

export function graphWriter(
  form: GraphForm,
  { nesting, longest, decidesAtReturn }: GraphOptions,
): CallWriter {
  const give = (out: ByteWriter, abandoned: readonly OpenCall[]) => {
    const shown = abandoned.filter(({ isShown }) => isShown);
    for (const call of shown) {
      out.reserve(2 * longest);
      form.leave(out, call, undefined);
    }
    if (shown.length > 0) out.reserve(2 * longest);
  };
  /** Shows that the call has begun, and those around it, the outermost first. */
  const show = (out: ByteWriter, call: OpenCall | undefined) => {
    if (call === undefined || call.isShown) return;
    show(out, call.outer);
    out.reserve(2 * longest);
    form.enter?.(out, call);
    call.isShown = true;
  };
  return {
    head: () => form.head(),
    writerOf: (site) => (out, view, at) => {
      const kind = view.getUint32(at + KIND, true);
      if (kind === RecordKind.entry) {
        const { call, abandoned } = nesting.enter(site, view, at);
        give(out, abandoned);
        if (!decidesAtReturn) show(out, call);
      } else if (kind === RecordKind.return || kind === RecordKind.passedOver) {
        const durationNs = durationAt(NESTED_RETURN, view, at);
        const nested = nesting.leave(site, NESTED_RETURN, view, at, durationNs);
        if (nested === undefined) return;
        give(out, nested.abandoned);
        const { call } = nested;
        if (kind === RecordKind.return) show(out, call);
        if (!call.isShown) return;
        const selfNs = Math.max(0, durationNs - call.innerNs);
        form.leave(out, call, { durationNs, selfNs, view, at });
      } else {
        const call = nesting.happens(site, view, at);
        show(out, call.outer);
        form.happens(out, call);
      }
    },
    pause: (out) => form.pause?.(out),
    rest(out) {
      give(out, [...nesting.rest()]);
    },
    end: (totals) => form.end(totals),
  };
}
