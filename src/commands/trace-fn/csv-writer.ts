/**
 * Calls as CSV after RFC 4180. The arguments have columns of their own names where all functions have the same, and of
 * their positions otherwise.
 */
import { errnoName } from "../../core/errno";
import { CallHead, CallResult, durationAt } from "../../probes/calls/call-record";
import { argumentWriters } from "./argument-writer";
import { type CallClock, ISO_FRACTION } from "./call-clock";
import type { CallWriter } from "./call-writer";
import { errorAt } from "./line-writer";
import { repeatedLine } from "./repeated-line";
import type { ShownSite } from "./shown-site";
import { escaped, valueWriter, type Write, writeComm } from "./value-writer";

const { timeNs, tid, pid, comm } = CallHead.offsets;
const COMMA = 44;

export function csvWriter(sites: readonly ShownSite[], clock: CallClock): CallWriter {
  const columns = argumentColumns(sites);
  const withResult = sites.some(({ layout }) => layout.withResult);
  return {
    head() {
      const result = withResult ? ["result", "errno", "durationNs"] : [];
      return `${["time", "pid", "tid", "comm", "function", ...columns, ...result].join(",")}\r\n`;
    },
    writerOf(site) {
      const beginning = { writeHead: headWriter(site, clock), fraction: ISO_FRACTION };
      const writeCall = repeatedLine(clock, beginning, site.layout, fieldsWriter(site, columns.length));
      const writeResult = site.layout.withResult ? resultWriter(site) : undefined;
      const end = `${withResult && writeResult === undefined ? ",,," : ""}\r\n`;
      return (out, view, at) => {
        writeCall(out, view, at);
        writeResult?.(out, view, at);
        out.ascii(end);
      };
    },
    end: () => "",
  };
}

function headWriter(site: ShownSite, clock: CallClock): Write {
  const name = escaped(site.name, "csv");
  return (out, view, at) => {
    clock.writeIso(out, view, at + timeNs);
    out.byte(COMMA);
    out.natural(view.getUint32(at + pid, true));
    out.byte(COMMA);
    out.natural(view.getUint32(at + tid, true));
    out.byte(COMMA);
    writeComm(out, "csv", view, at + comm);
    out.byte(COMMA);
    out.text(name);
  };
}

/** The arguments, each with a comma before it, in so many columns. */
function fieldsWriter(site: ShownSite, columns: number): Write {
  const args = argumentWriters("csv", site);
  const missing = ",".repeat(columns - args.length);
  return (out, view, at) => {
    for (const write of args) {
      out.byte(COMMA);
      write(out, view, at);
    }
    out.ascii(missing);
  };
}

/** `args.fd` and so on: the path to the value in a line of JSON, so that no name meets one of the fixed columns. */
function argumentColumns(sites: readonly ShownSite[]): string[] {
  const lists = sites.map(({ params }) => params.map(({ name }) => `args.${name}`));
  const longest = lists.reduce((a, b) => (b.length > a.length ? b : a), []);
  const isSame = lists.every((list) => list.join() === longest.join());
  return isSame ? longest : longest.map((_, i) => `args.${i + 1}`);
}

function resultWriter({ result, failsByErrno, layout }: ShownSite): Write {
  const offset = CallHead.size + CallResult.offsets.result;
  const write = result && valueWriter("csv", result, offset);
  return (out, view, at) => {
    out.byte(COMMA);
    write?.(out, view, at);
    out.byte(COMMA);
    const error = failsByErrno && result !== undefined ? errorAt(view, at + offset, result) : undefined;
    if (error !== undefined) out.ascii(errnoName(error));
    out.byte(COMMA);
    const durationNs = durationAt(layout, view, at);
    if (durationNs > 0) out.natural(durationNs);
  };
}
