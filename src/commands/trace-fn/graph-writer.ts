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

export function graphWriter(form: GraphForm, nesting: CallNesting, longest: number): CallWriter {
  const give = (out: ByteWriter, abandoned: readonly OpenCall[]) => {
    for (const call of abandoned) {
      out.reserve(2 * longest);
      form.leave(out, call, undefined);
    }
    if (abandoned.length > 0) out.reserve(2 * longest);
  };
  return {
    head: () => form.head(),
    writerOf: (site) => (out, view, at) => {
      const kind = view.getUint32(at + KIND, true);
      if (kind === RecordKind.entry) {
        const { call, abandoned } = nesting.enter(site, view, at);
        give(out, abandoned);
        form.enter?.(out, call);
      } else if (kind === RecordKind.return) {
        const durationNs = durationAt(NESTED_RETURN, view, at);
        const nested = nesting.leave(site, NESTED_RETURN, view, at, durationNs);
        if (nested === undefined) return;
        give(out, nested.abandoned);
        const selfNs = Math.max(0, durationNs - nested.call.innerNs);
        form.leave(out, nested.call, { durationNs, selfNs, view, at });
      } else form.happens(out, nesting.happens(site, view, at));
    },
    pause: (out) => form.pause?.(out),
    rest(out) {
      give(out, [...nesting.rest()]);
    },
    end: (totals) => form.end(totals),
  };
}
