/** Calls as JSON: a line each, or one document. */
import { errnoName } from "../../core/errno";
import type { ByteWriter } from "../../output/byte-writer";
import { jsonText } from "../../output/json";
import type { Json } from "../../output/report";
import { CallHead, CallResult } from "../../probes/calls/call-record";
import { writeArgument } from "./argument-writer";
import { type CallClock, ISO_FRACTION } from "./call-clock";
import { type CallTotals, type CallWriter, totalsOf } from "./call-writer";
import { errorAt } from "./line-writer";
import { RepeatedHead } from "./repeated-head";
import type { ShownSite } from "./shown-site";
import { writeComm, writeValue } from "./value-writer";

const { timeNs, tid, pid, comm } = CallHead.offsets;

/** A line per call, and one at the end with the totals. */
export function ndjsonWriter(sites: readonly ShownSite[], clock: CallClock): CallWriter {
  const writeCall = callWriter(sites, clock);
  return {
    head: () => "",
    write(out, site, view, at) {
      writeCall(out, site, view, at);
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
  const writeCall = callWriter(sites, clock);
  const { head, separate, end } = jsonDocument(sites, origin);
  return {
    head,
    write(out, site, view, at) {
      separate(out);
      writeCall(out, site, view, at);
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

/** Writes something of the call whose record is at `at`. */
type WriteOf = (out: ByteWriter, site: ShownSite, view: DataView, at: number) => void;

/** What stands before each argument. */
export function argumentTexts({ params }: ShownSite): readonly string[] {
  return params.map(({ name }, i) => `${i === 0 ? "" : ","}${JSON.stringify(name)}:`);
}

function callWriter(sites: readonly ShownSite[], clock: CallClock): WriteOf {
  const writeHead = callHeadWriter(sites, clock);
  return (out, site, view, at) => {
    writeHead(out, site, view, at);
    if (site.layout.withResult) writeResult(out, site, view, at + CallHead.size);
    out.ascii("}");
  };
}

const BEGIN = '{"time":"';

/** A function that writes a call's object up to its arguments, and leaves it open. */
export function callHeadWriter(sites: readonly ShownSite[], clock: CallClock): WriteOf {
  const args = new Map(sites.map((site) => [site, argumentTexts(site)]));
  const names = new Map(sites.map((site) => [site, `,"function":${jsonText(site.name)},"args":{`]));
  const writeHead: WriteOf = (out, site, view, at) => {
    out.ascii(BEGIN);
    clock.writeIso(out, view, at + timeNs);
    out.ascii('","event":"call","pid":');
    out.natural(view.getUint32(at + pid, true));
    out.ascii(',"tid":');
    out.natural(view.getUint32(at + tid, true));
    out.ascii(',"comm":');
    writeComm(out, "json", view, at + comm);
    out.text(names.get(site) as string);
  };
  const head = new RepeatedHead(clock, writeHead, { ...ISO_FRACTION, at: BEGIN.length + ISO_FRACTION.at });
  return (out, site, view, at) => {
    head.write(out, site, view, at);
    writeArguments(out, site, args.get(site) as readonly string[], view, at);
    out.ascii("}");
  };
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
