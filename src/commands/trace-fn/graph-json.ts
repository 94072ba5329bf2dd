/** `--graph` as JSON: a call when it has ended, with the numbers of itself and of the call around it. */
import type { ByteWriter } from "../../output/byte-writer";
import { jsonText } from "../../output/json";
import type { Json } from "../../output/report";
import { CallHead, CallResult } from "../../probes/calls/call-record";
import type { CallClock } from "./call-clock";
import type { OpenCall } from "./call-nesting";
import type { GraphForm, Returned } from "./graph-writer";
import { endLine, jsonDocument, openCallWriter, resultMembersWriter } from "./ndjson-writer";
import type { ShownSite } from "./shown-site";
import type { Write } from "./value-writer";

const RESULT = CallHead.size + CallResult.offsets.result;

interface SiteWriters {
  /** The call, told where the record of its beginning is. */
  readonly writeOpen: Write;
  /** Its result, told where that lies. */
  readonly writeResult: Write;
}

/** One document with an `origin`, or lines. */
export function graphJson(
  sites: readonly ShownSite[],
  clock: CallClock,
  origin?: Readonly<Record<string, Json>>,
): GraphForm {
  const writers = new Map(
    sites.map((site) => [
      site,
      { writeOpen: openCallWriter(site, clock), writeResult: resultMembersWriter(site) },
    ]),
  );
  const document = origin === undefined ? undefined : jsonDocument(sites, origin);
  const write = (out: ByteWriter, call: OpenCall, returned: Returned | undefined, hasEnd: boolean) => {
    document?.separate(out);
    const { writeOpen, writeResult } = writers.get(call.site) as SiteWriters;
    writeOpen(out, call.view, 0);
    out.ascii(`,"id":${call.id},"parent":${call.outer?.id ?? "null"},"depth":${call.depth}`);
    if (hasEnd) out.ascii(`,"returned":${returned !== undefined}`);
    if (returned !== undefined) writeReturn(out, writeResult, returned);
    out.ascii(document === undefined ? "}\n" : "}");
  };
  return {
    head: () => document?.head() ?? "",
    leave: (out, call, returned) => write(out, call, returned, true),
    happens: (out, call) => write(out, call, undefined, false),
    end: (totals) => document?.end(totals) ?? `${jsonText(endLine(sites, totals))}\n`,
  };
}

function writeReturn(out: ByteWriter, writeResult: Write, returned: Returned): void {
  const { durationNs, selfNs, view, at } = returned;
  writeResult(out, view, at + RESULT);
  out.ascii(`,"durationNs":${durationNs},"selfNs":${selfNs}`);
}
