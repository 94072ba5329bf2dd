/** Calls as JSON: a line each, or one document. */
import { errnoName } from "../../core/errno";
import type { ByteWriter } from "../../output/byte-writer";
import { jsonText } from "../../output/json";
import type { Json } from "../../output/report";
import { CallHead, CallResult, durationAt } from "../../probes/calls/call-record";
import { argumentWriters } from "./argument-writer";
import { type CallClock, ISO_FRACTION } from "./call-clock";
import { type CallTotals, type CallWriter, totalsOf } from "./call-writer";
import { errorAt } from "./line-writer";
import { repeatedLine } from "./repeated-line";
import type { ShownSite } from "./shown-site";
import { valueWriter, type Write, writeComm } from "./value-writer";

const { timeNs, tid, pid, comm } = CallHead.offsets;
const RESULT = CallHead.size + CallResult.offsets.result;

/** A line per call, and one at the end with the totals. */
export function ndjsonWriter(sites: readonly ShownSite[], clock: CallClock): CallWriter {
  return {
    head: () => "",
    writerOf(site) {
      const writeCall = callWriter(site, clock);
      return (out, view, at) => {
        writeCall(out, view, at);
        out.ascii("\n");
      };
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
  const { head, separate, end } = jsonDocument(sites, origin);
  return {
    head,
    writerOf(site) {
      const writeCall = callWriter(site, clock);
      return (out, view, at) => {
        separate(out);
        writeCall(out, view, at);
      };
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

function callWriter(site: ShownSite, clock: CallClock): Write {
  const writeOpen = openCallWriter(site, clock);
  const writeResult = site.layout.withResult ? resultMembersWriter(site) : undefined;
  return (out, view, at) => {
    writeOpen(out, view, at);
    if (writeResult !== undefined) {
      writeResult(out, view, at + RESULT);
      writeDuration(out, durationAt(site.layout, view, at));
    }
    out.ascii("}");
  };
}

const BEGIN = '{"time":"';

/** What writes a call's object up to the end of its arguments, and leaves it open. */
export function openCallWriter(site: ShownSite, clock: CallClock): Write {
  const name = `,"function":${jsonText(site.name)},"args":{`;
  const writeHead: Write = (out, view, at) => {
    out.ascii(BEGIN);
    clock.writeIso(out, view, at + timeNs);
    out.ascii('","event":"call","pid":');
    out.natural(view.getUint32(at + pid, true));
    out.ascii(',"tid":');
    out.natural(view.getUint32(at + tid, true));
    out.ascii(',"comm":');
    writeComm(out, "json", view, at + comm);
    out.text(name);
  };
  const fraction = { ...ISO_FRACTION, at: BEGIN.length + ISO_FRACTION.at };
  const writeArguments = memberWriter(site);
  return repeatedLine(clock, { writeHead, fraction }, site.layout, (out, view, at) => {
    writeArguments(out, view, at);
    out.ascii("}");
  });
}

/** Writes the arguments as the members of an object. */
export function memberWriter(site: ShownSite): Write {
  const args = argumentWriters("json", site);
  const texts = site.params.map(({ name }, i) => `${i === 0 ? "" : ","}${JSON.stringify(name)}:`);
  return (out, view, at) => {
    for (let i = 0; i < args.length; i++) {
      out.ascii(texts[i] as string);
      (args[i] as Write)(out, view, at);
    }
  };
}

/** A return whose call was not looked at has no duration. */
function writeDuration(out: ByteWriter, durationNs: number): void {
  if (durationNs === 0) return;
  out.ascii(',"durationNs":');
  out.natural(durationNs);
}

/**
 * Writes the result, told where it lies, as members of an object, each with a comma before it; nothing where there is
 * none.
 */
export function resultMembersWriter({ result, failsByErrno }: ShownSite): Write {
  if (result === undefined) return () => {};
  const write = valueWriter("json", result);
  return (out, view, at) => {
    out.ascii(',"result":');
    write(out, view, at);
    const error = failsByErrno ? errorAt(view, at, result) : undefined;
    if (error !== undefined) out.ascii(`,"errno":"${errnoName(error)}"`);
  };
}
