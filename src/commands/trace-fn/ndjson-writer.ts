/** Calls as JSON: a line each, or one document. */
import { errnoName } from "../../core/errno";
import type { ByteWriter } from "../../output/byte-writer";
import { jsonText } from "../../output/json";
import type { Json } from "../../output/report";
import { CallHead, CallResult } from "../../probes/calls/call-record";
import { writeArgument } from "./argument-writer";
import type { CallClock } from "./call-clock";
import { type CallTotals, type CallWriter, countsByName, totalOf } from "./call-writer";
import { errorAt } from "./line-writer";
import type { ShownSite } from "./shown-site";
import { writeComm, writeValue } from "./value-writer";

const { timeNs, tid, pid, comm } = CallHead.offsets;

/** A line per call, and one at the end with the totals. */
export function ndjsonWriter(sites: readonly ShownSite[], clock: CallClock): CallWriter {
  const texts = new Map(sites.map((site) => [site, textsOf(site)]));
  return {
    head: () => "",
    write(out, site, view, at) {
      writeCall(out, site, texts.get(site) as Texts, clock, view, at);
      out.ascii("\n");
    },
    end(totals) {
      const { endedAt, lost } = totals;
      const last = { time: endedAt.toISOString(), event: "end", ...totalsOf(sites, totals), lost };
      return `${jsonText(last as Json)}\n`;
    },
  };
}

/** One document, written as the calls come: nothing is kept. `origin` is what every document begins with. */
export function jsonWriter(
  sites: readonly ShownSite[],
  clock: CallClock,
  origin: Readonly<Record<string, Json>>,
): CallWriter {
  const texts = new Map(sites.map((site) => [site, textsOf(site)]));
  let separator = "\n    ";
  return {
    head: () => `${jsonText(origin).slice(0, -1)},\n  "rows":[`,
    write(out, site, view, at) {
      out.ascii(separator);
      separator = ",\n    ";
      writeCall(out, site, texts.get(site) as Texts, clock, view, at);
    },
    end(totals) {
      const { startedAt, endedAt, durationNs, lost } = totals;
      const times = { startedAt: startedAt.toISOString(), endedAt: endedAt.toISOString(), durationNs };
      const rest = { ...times, totals: totalsOf(sites, totals), lost };
      return `\n  ],\n  ${jsonText(rest).slice(1)}\n`;
    },
  };
}

function totalsOf(sites: readonly ShownSite[], { counts }: CallTotals) {
  return { count: totalOf(counts), functions: countsByName(sites, counts) };
}

/** What of a site's lines is always the same. */
interface Texts {
  readonly name: string;
  readonly args: readonly string[];
}

function textsOf({ name, params }: ShownSite): Texts {
  return {
    name: `,"function":${jsonText(name)},"args":{`,
    args: params.map((param, i) => `${i === 0 ? "" : ","}${JSON.stringify(param.name)}:`),
  };
}

function writeCall(
  out: ByteWriter,
  site: ShownSite,
  texts: Texts,
  clock: CallClock,
  view: DataView,
  at: number,
): void {
  out.ascii('{"time":"');
  clock.writeIso(out, view, at + timeNs);
  out.ascii('","event":"call","pid":');
  out.natural(view.getUint32(at + pid, true));
  out.ascii(',"tid":');
  out.natural(view.getUint32(at + tid, true));
  out.ascii(',"comm":');
  writeComm(out, "json", view, at + comm);
  out.text(texts.name);
  site.params.forEach(({ form }, index) => {
    out.ascii(texts.args[index] as string);
    writeArgument(out, "json", site.layout, form, view, at, index);
  });
  out.ascii("}");
  if (site.layout.withResult) writeResult(out, site, view, at + CallHead.size);
  out.ascii("}");
}

function writeResult(out: ByteWriter, site: ShownSite, view: DataView, at: number): void {
  const result = at + CallResult.offsets.result;
  if (site.result !== undefined) {
    out.ascii(',"result":');
    writeValue(out, "json", site.result, view, result);
    const error = site.failsByErrno ? errorAt(view, result, site.result) : undefined;
    if (error !== undefined) out.ascii(`,"errno":"${errnoName(error)}"`);
  }
  const durationNs = view.getUint32(at + 4, true) * 2 ** 32 + view.getUint32(at, true);
  // A return whose call was not looked at has none.
  if (durationNs === 0) return;
  out.ascii(',"durationNs":');
  out.natural(durationNs);
}
