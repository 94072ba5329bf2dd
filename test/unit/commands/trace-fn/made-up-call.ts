/** Records of calls as programs would write them. */
import type { ShownSite } from "../../../../src/commands/trace-fn/shown-site";
import { CallHead, CallResult, recordLayout, SLOT_HEAD } from "../../../../src/probes/calls/call-record";
import type { Param, ValueForm } from "../../../../src/probes/calls/value-form";

export interface MadeUpCall {
  readonly timeNs?: bigint;
  readonly comm?: string;
  readonly pid?: number;
  /** The number of the site. */
  readonly site?: number;
  /** A number for each argument; what others lead to, `null` where it could not be read. */
  readonly args: readonly (bigint | string | { readonly bytes: readonly number[] } | null)[];
  readonly durationNs?: bigint;
  readonly result?: bigint;
}

export const STRING_SIZE = 16;
export const ADDRESS = 0x7f0012345678n;

/** A site without a record yet. */
export function madeUpSite(
  params: readonly Param[],
  result?: ValueForm,
  { name = "call", failsByErrno = true, category = "user" }: Partial<ShownSite> = {},
): ShownSite {
  const options = { withResult: result !== undefined, stringSize: STRING_SIZE };
  const layout = recordLayout(params.length, params, options);
  return { name, category, params, layout, result, failsByErrno };
}

/** The bytes of a record of `site`. */
export function madeUpRecord({ layout }: ShownSite, call: MadeUpCall): DataView {
  const view = new DataView(new ArrayBuffer(layout.size));
  const comm = new Uint8Array(16).fill(0xff);
  comm.set(Buffer.from(`${call.comm ?? "worker"}\0`));
  const { timeNs = 0n, pid = 12, site = 0 } = call;
  CallHead.encode(view, 0, { timeNs, pid, tid: 34, comm, site, kind: 0 });
  if (layout.withResult) {
    const { durationNs = 0n, result = 0n } = call;
    CallResult.encode(view, CallHead.size, { durationNs, result });
  }
  call.args.forEach((arg, index) => {
    const word = typeof arg === "bigint" ? arg : ADDRESS;
    view.setBigUint64(layout.words + 8 * index, BigInt.asUintN(64, word), true);
    const slot = layout.slots.find((each) => each.index === index);
    if (slot === undefined) return;
    const read =
      typeof arg === "object" && arg !== null
        ? Buffer.from(arg.bytes)
        : Buffer.from(`${arg ?? ""}\0`).subarray(0, STRING_SIZE);
    view.setInt32(slot.at, arg === null ? -14 : read.length, true);
    new Uint8Array(view.buffer).set(read, slot.at + SLOT_HEAD);
  });
  return view;
}
