/** Calls as JSON: a line each, or one document. */
import { errnoName } from "../../core/errno";
import type { ByteWriter } from "../../output/byte-writer";
import { jsonText } from "../../output/json";
import type { Json } from "../../output/report";
import { CallHead, CallResult } from "../../probes/calls/call-record";
import { writeArgument } from "./argument-writer";
import type { CallClock } from "./call-clock";
import { type CallTotals, type CallWriter, totalsOf } from "./call-writer";
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
      return `${jsonText(endLine(sites, totals))}\n`;
    },
  };
}

/** The last line: totals and losses. */
export function endLine(sites: readonly ShownSite[], totals: CallTotals): Json {
  const { endedAt, lost } = totals;
  return { time: endedAt.toISOString(), event: "end", ...totalsOf(sites, totals), lost };
}

/** One document, written as the calls come: nothing is kept. `origin` is what every document begins with. */
export function jsonWriter(
  sites: readonly ShownSite[],
  clock: CallClock,
  origin: Readonly<Record<string, Json>>,
): CallWriter {
  const texts = new Map(sites.map((site) => [site, textsOf(site)]));
  const { head, separate, end } = jsonDocument(sites, origin);
  return {
    head,
    write(out, site, view, at) {
      separate(out);
      writeCall(out, site, texts.get(site) as Texts, clock, view, at);
    },
    end,
  };
}

/** The document around calls that are written one by one. */
export function jsonDocument(sites: readonly ShownSite[], origin: Readonly<Record<string, Json>>) {
  let separator = "\n    ";
  return {
    head: () => `${jsonText(origin).slice(0, -1)},\n  "rows":[`,
    /** Before each call. */
    separate(out: ByteWriter) {
      out.ascii(separator);
      separator = ",\n    ";
    },
    end(totals: CallTotals) {
      const { startedAt, endedAt, durationNs, lost } = totals;
      const times = { startedAt: startedAt.toISOString(), endedAt: endedAt.toISOString(), durationNs };
      const rest = { ...times, totals: totalsOf(sites, totals), lost };
      return `\n  ],\n  ${jsonText(rest).slice(1)}\n`;
    },
  };
}

/** What of a site's lines is always the same. */
export interface Texts {
  readonly name: string;
  readonly args: readonly string[];
}

export function textsOf(site: ShownSite): Texts {
  return { name: `,"function":${jsonText(site.name)},"args":{`, args: argumentTexts(site) };
}

/** What stands before each argument. */
export function argumentTexts({ params }: ShownSite): readonly string[] {
  return params.map(({ name }, i) => `${i === 0 ? "" : ","}${JSON.stringify(name)}:`);
}

function writeCall(
  out: ByteWriter,
  site: ShownSite,
  texts: Texts,
  clock: CallClock,
  view: DataView,
  at: number,
): void {
  writeCallHead(out, site, texts, clock, view, at);
  if (site.layout.withResult) writeResult(out, site, view, at + CallHead.size);
  out.ascii("}");
}

/** Writes a call's object up to its arguments, and leaves it open. */
export function writeCallHead(
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
  writeArguments(out, site, texts.args, view, at);
  out.ascii("}");
}

/** Writes the arguments as the members of an object. */
export function writeArguments(
  out: ByteWriter,
  { params, layout }: ShownSite,
  texts: readonly string[],
  view: DataView,
  at: number,
): void {
  params.forEach(({ form }, index) => {
    out.ascii(texts[index] as string);
    writeArgument(out, "json", layout, form, view, at, index);
  });
}

function writeResult(out: ByteWriter, site: ShownSite, view: DataView, at: number): void {
  writeResultMembers(out, site, view, at + CallResult.offsets.result);
  const durationNs = view.getUint32(at + 4, true) * 2 ** 32 + view.getUint32(at, true);
  // A return whose call was not looked at has none.
  if (durationNs === 0) return;
  out.ascii(',"durationNs":');
  out.natural(durationNs);
}

/** Writes the result at `at` as members of an object, each with a comma before it; nothing where there is none. */
export function writeResultMembers(
  out: ByteWriter,
  { result, failsByErrno }: ShownSite,
  view: DataView,
  at: number,
): void {
  if (result === undefined) return;
  out.ascii(',"result":');
  writeValue(out, "json", result, view, at);
  const error = failsByErrno ? errorAt(view, at, result) : undefined;
  if (error !== undefined) out.ascii(`,"errno":"${errnoName(error)}"`);
}
