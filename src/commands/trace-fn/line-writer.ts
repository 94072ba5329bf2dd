/** Calls as lines for people. */
import { errnoName } from "../../core/errno";
import { NS_PER } from "../../core/units";
import type { ByteWriter } from "../../output/byte-writer";
import { lossSentence } from "../../output/report";
import { CallHead, CallResult, durationAt } from "../../probes/calls/call-record";
import type { ValueForm } from "../../probes/calls/value-form";
import { LOWEST_ERROR } from "../../probes/stats";
import { argumentWriters } from "./argument-writer";
import { type CallClock, CLOCK_FRACTION } from "./call-clock";
import { type CallTotals, type CallWriter, countsByName, totalOf } from "./call-writer";
import { repeatedLine } from "./repeated-line";
import { filteredSentences } from "./report";
import type { ShownSite } from "./shown-site";
import { valueWriter, type Write, writeComm } from "./value-writer";

const { timeNs, tid, pid, comm } = CallHead.offsets;
/** Where the columns begin. */
const AT = { pid: 17, tid: 25, comm: 33, duration: 50, call: 61 } as const;
const DURATION_WIDTH = 9;
const RESULT = CallHead.size + CallResult.offsets.result;

export function lineWriter(sites: readonly ShownSite[], clock: CallClock): CallWriter {
  const withResult = sites.some(({ layout }) => layout.withResult);
  const beginning = { writeHead: headWriter(clock), fraction: CLOCK_FRACTION };
  return {
    head: () => `${heading(withResult)}\n`,
    writerOf(site) {
      const writeCall = callTextWriter(site);
      if (!withResult) {
        const writeLine = repeatedLine(clock, beginning, site.layout, writeCall);
        return (out, view, at) => {
          writeLine(out, view, at);
          out.ascii("\n");
        };
      }
      const writeHead = repeatedLine(clock, beginning);
      const writeResult = site.layout.withResult ? resultWriter(site) : undefined;
      return (out, view, at) => {
        const start = out.at;
        writeHead(out, view, at);
        if (writeResult !== undefined) writeMicroseconds(out, durationAt(site.layout, view, at));
        out.padTo(start, AT.call);
        writeCall(out, view, at);
        writeResult?.(out, view, at + RESULT);
        out.ascii("\n");
      };
    },
    end: (totals) => summary(sites, totals),
  };
}

/** When the call began, and whose it is. */
function headWriter(clock: CallClock): Write {
  return (out, view, at) => {
    const start = out.at;
    clock.writeClock(out, view, at + timeNs);
    out.padTo(start, AT.pid);
    out.natural(view.getUint32(at + pid, true));
    out.padTo(start, AT.tid);
    out.natural(view.getUint32(at + tid, true));
    out.padTo(start, AT.comm);
    writeComm(out, "text", view, at + comm);
    out.padTo(start, AT.duration);
  };
}

function heading(withResult: boolean): string {
  const left = "TIME".padEnd(AT.pid) + "PID".padEnd(AT.tid - AT.pid) + "TID".padEnd(AT.comm - AT.tid);
  const middle = left + "COMM".padEnd(AT.duration - AT.comm);
  return withResult
    ? `${middle + "TOOK us".padStart(DURATION_WIDTH).padEnd(AT.call - AT.duration)}CALL`
    : `${middle}CALL`;
}

/** `openat(dfd=-100, filename="/etc/hosts", …)` */
export function callTextWriter(site: ShownSite): Write {
  const args = argumentWriters("text", site);
  const opening = Buffer.from(`${site.name}(`);
  const texts = site.params.map(({ name }, index) => `${index > 0 ? ", " : ""}${name}=`);
  return (out, view, at) => {
    out.copy(opening);
    for (let i = 0; i < args.length; i++) {
      out.ascii(texts[i] as string);
      (args[i] as Write)(out, view, at);
    }
    out.ascii(")");
  };
}

/** ` = 3`, or ` = -2 ENOENT`; nothing for what gives nothing. It is told where the result lies. */
export function resultWriter({ result, failsByErrno }: ShownSite): Write {
  if (result === undefined) return () => {};
  const write = valueWriter("text", result);
  return (out, view, at) => {
    out.ascii(" = ");
    const error = failsByErrno ? errorAt(view, at, result) : undefined;
    if (error !== undefined) out.ascii(`-${error} ${errnoName(error)}`);
    else write(out, view, at);
  };
}

/** The error number that a result stands for; undefined for one that is none. */
export function errorAt(view: DataView, at: number, form: ValueForm): number | undefined {
  // Of what is shorter than its register the rest says nothing.
  const isShort = form.kind === "int" && form.size === 4 && form.signed;
  if (!isShort && ("size" in form ? form.size : 1) < 8) return undefined;
  if (!isShort && view.getInt32(at + 4, true) !== -1) return undefined;
  const low = view.getInt32(at, true);
  return low < 0 && low >= LOWEST_ERROR ? -low : undefined;
}

/** Right-aligned, with one decimal. */
function writeMicroseconds(out: ByteWriter, ns: number): void {
  out.ascii((ns === 0 ? "-" : (ns / NS_PER.us).toFixed(1)).padStart(DURATION_WIDTH));
}

/** What stands below lines. */
export function summary(sites: readonly ShownSite[], { counts, filtered, lost }: CallTotals): string {
  const byName = Object.entries(countsByName(sites, counts)).sort(([, a], [, b]) => b - a);
  const each = byName.length > 1 ? byName.map(([name, count]) => `  ${count}  ${name}\n`).join("") : "";
  const total = totalOf(counts);
  const filteredOut = filteredSentences({ filtered }).map((sentence) => `${sentence}\n`);
  return `\nTotal: ${total} call${total === 1 ? "" : "s"}.\n${each}${filteredOut.join("")}${lossSentence({ lost })}\n`;
}
