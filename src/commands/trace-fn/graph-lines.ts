/** `--graph` as lines for people: depth by indentation, a call that contains no other on one line. */
import { NS_PER } from "../../core/units";
import type { ByteWriter } from "../../output/byte-writer";
import { CallHead, CallResult } from "../../probes/calls/call-record";
import type { CallClock } from "./call-clock";
import type { OpenCall } from "./call-nesting";
import type { GraphForm, Returned } from "./graph-writer";
import { callTextWriter, resultWriter, summary } from "./line-writer";
import type { ShownSite } from "./shown-site";
import { type Write, writeComm } from "./value-writer";

const { timeNs, tid, pid, comm } = CallHead.offsets;
/** Where the columns begin. */
const AT = { pid: 17, tid: 25, comm: 33, took: 50, self: 61, call: 72 } as const;
const WIDTH = 9;
/** Deeper calls are not moved further to the right. */
const DEEPEST = 64;
const RESULT = CallHead.size + CallResult.offsets.result;

export function graphLines(sites: readonly ShownSite[], clock: CallClock): GraphForm {
  const ended = new DataView(new ArrayBuffer(8));
  const callTexts = new Map(sites.map((site) => [site, callTextWriter(site)]));
  const results = new Map(sites.map((site) => [site, resultWriter(site)]));
  const writeCall = (out: ByteWriter, { site, view }: OpenCall) =>
    (callTexts.get(site) as Write)(out, view, 0);
  /** The last line, if it is the beginning of a call and nothing has followed yet. */
  let last: { readonly call: OpenCall; readonly start: number } | undefined;
  const settle = (out: ByteWriter) => {
    if (last !== undefined) out.ascii(" {\n");
    last = undefined;
  };
  const begin = (out: ByteWriter, { view, depth }: OpenCall): number => {
    const start = out.at;
    clock.writeClock(out, view, timeNs);
    return ids(out, start, view, depth);
  };
  const end = (out: ByteWriter, call: OpenCall, returned: Returned | undefined) => {
    const { site } = call;
    if (last?.call === call && returned !== undefined) {
      // The line of its beginning is still the last: it becomes the only one.
      writeTimes(out, last.start, returned);
      last = undefined;
    } else {
      settle(out);
      const start = out.at;
      if (returned === undefined) ids(out, start, call.view, call.depth);
      else {
        const { view, at, durationNs } = returned;
        ended.setBigUint64(0, view.getBigUint64(at + timeNs, true) + BigInt(durationNs), true);
        clock.writeClock(out, ended, 0);
        ids(out, start, call.view, call.depth);
        writeTimes(out, start, returned);
      }
      out.ascii("} ");
      out.text(site.name);
      if (returned === undefined) out.ascii(" did not return");
    }
    if (returned !== undefined) (results.get(site) as Write)(out, returned.view, returned.at + RESULT);
    out.ascii("\n");
  };
  return {
    head: () => `${heading()}\n`,
    enter(out, call) {
      settle(out);
      last = { call, start: begin(out, call) };
      writeCall(out, call);
    },
    leave: end,
    happens(out, call) {
      settle(out);
      begin(out, call);
      writeCall(out, call);
      out.ascii("\n");
    },
    pause: settle,
    end: (totals) => summary(sites, totals),
  };
}

function heading(): string {
  const cells: readonly [string, number][] = [
    ["TIME", AT.pid],
    ["PID", AT.tid - AT.pid],
    ["TID", AT.comm - AT.tid],
    ["COMM", AT.took - AT.comm],
  ];
  const left = cells.map(([text, width]) => text.padEnd(width)).join("");
  const times = ["TOOK us", "SELF us"].map((text) => text.padStart(WIDTH).padEnd(AT.self - AT.took));
  return `${left}${times.join("")}CALL`;
}

/** Writes who calls, and leaves the columns of times blank; the result is where the line starts. */
function ids(out: ByteWriter, start: number, view: DataView, depth: number): number {
  out.padTo(start, AT.pid);
  out.natural(view.getUint32(pid, true));
  out.padTo(start, AT.tid);
  out.natural(view.getUint32(tid, true));
  out.padTo(start, AT.comm);
  writeComm(out, "text", view, comm);
  out.padTo(start, AT.took);
  out.padTo(start, AT.call);
  for (let i = Math.min(depth, DEEPEST); i > 0; i--) out.ascii("  ");
  return start;
}

/** Fills in the columns of times of the line that starts there. */
function writeTimes(out: ByteWriter, start: number, { durationNs, selfNs }: Returned): void {
  const end = out.at;
  for (const [column, ns] of [
    [AT.took, durationNs],
    [AT.self, selfNs],
  ] as const) {
    out.at = start + column;
    out.ascii((ns / NS_PER.us).toFixed(1).padStart(WIDTH).slice(-WIDTH));
  }
  out.at = end;
}
