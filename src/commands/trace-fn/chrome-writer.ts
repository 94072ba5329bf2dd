/**
 * Calls as Chrome's trace events, JSON that chrome://tracing, ui.perfetto.dev and speedscope open: "Trace Event Format".
 * A call that was followed to its end is a complete event, any other an instant.
 */
import type { ByteWriter } from "../../output/byte-writer";
import { jsonText } from "../../output/json";
import type { Json } from "../../output/report";
import { CallHead, CallResult, durationAt } from "../../probes/calls/call-record";
import { type CallWriter, totalsOf } from "./call-writer";
import { memberWriter, resultMembersWriter } from "./ndjson-writer";
import type { ShownSite } from "./shown-site";
import { ThreadTracks } from "./thread-tracks";
import type { Write } from "./value-writer";

const { timeNs, tid, pid } = CallHead.offsets;
const DURATION = CallHead.size + CallResult.offsets.durationNs;
const POINT = 46;
const BLANK = 32;

/** `origin` is what stands beside the events. */
export function chromeWriter(
  sites: readonly ShownSite[],
  origin: Readonly<Record<string, Json>>,
): CallWriter {
  const tracks = new ThreadTracks();
  let separator = "\n";
  const begin = (out: ByteWriter) => {
    out.ascii(separator);
    separator = ",\n";
  };
  return {
    head: () => '{"displayTimeUnit":"ns","traceEvents":[',
    writerOf(site) {
      const head = Buffer.from(`{"name":${jsonText(site.name)},"cat":"${site.category}","ph":`);
      const writeArguments = memberWriter(site);
      const writeResult = site.layout.withResult ? resultArgsWriter(site) : undefined;
      return (out, view, at) => {
        const met = tracks.meet(view, at);
        if (met !== undefined) {
          const { comm: name, namesProcess, ...ids } = met;
          for (const what of namesProcess ? ["process_name", "thread_name"] : ["thread_name"]) {
            begin(out);
            out.text(jsonText({ name: what, ph: "M", ...ids, args: { name } }));
          }
        }
        const hasEnd = durationAt(site.layout, view, at) > 0;
        begin(out);
        out.copy(head);
        out.ascii(hasEnd ? '"X","ts":' : '"i","s":"t","ts":');
        writeMicroseconds(out, view, at + timeNs);
        if (hasEnd) {
          out.ascii(',"dur":');
          writeMicroseconds(out, view, at + DURATION);
        }
        out.ascii(',"pid":');
        out.natural(view.getUint32(at + pid, true));
        out.ascii(',"tid":');
        out.natural(view.getUint32(at + tid, true));
        out.ascii(',"args":{');
        writeArguments(out, view, at);
        writeResult?.(out, view, at);
        out.ascii("}}");
      };
    },
    end(totals) {
      const { startedAt, lost } = totals;
      const other = { ...origin, startedAt: startedAt.toISOString(), ...totalsOf(sites, totals), lost };
      return `\n],"otherData":${jsonText(other)}}\n`;
    },
  };
}

/** Writes the result among the arguments. */
function resultArgsWriter(site: ShownSite): Write {
  const write = resultMembersWriter(site);
  return (out, view, at) => {
    const begin = out.at;
    write(out, view, at + CallHead.size + CallResult.offsets.result);
    // Without arguments before it there is no comma.
    if (site.params.length === 0 && out.at > begin) out.bytes[begin] = BLANK;
  };
}

/** Nanoseconds as microseconds with three decimals. */
function writeMicroseconds(out: ByteWriter, view: DataView, at: number): void {
  const ns = view.getUint32(at + 4, true) * 2 ** 32 + view.getUint32(at, true);
  const whole = Math.floor(ns / 1000);
  out.natural(whole);
  out.byte(POINT);
  out.digits(ns - whole * 1000, 3);
}
