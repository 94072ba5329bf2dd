/**
 * Calls as CSV after RFC 4180. The arguments have columns of their own names where all functions have the same, and of
 * their positions otherwise.
 */
import { errnoName } from "../../core/errno";
import type { ByteWriter } from "../../output/byte-writer";
import { CallHead, CallResult } from "../../probes/calls/call-record";
import { writeArgument } from "./argument-writer";
import { type CallClock, ISO_FRACTION } from "./call-clock";
import type { CallWriter } from "./call-writer";
import { errorAt } from "./line-writer";
import { RepeatedHead } from "./repeated-head";
import type { ShownSite } from "./shown-site";
import { escaped, writeComm, writeValue } from "./value-writer";

const { timeNs, tid, pid, comm } = CallHead.offsets;
const COMMA = 44;

export function csvWriter(sites: readonly ShownSite[], clock: CallClock): CallWriter {
  const columns = argumentColumns(sites);
  const withResult = sites.some(({ layout }) => layout.withResult);
  const names = new Map(sites.map((site) => [site, escaped(site.name, "csv")]));
  const writeHead = (out: ByteWriter, site: ShownSite, view: DataView, at: number) => {
    clock.writeIso(out, view, at + timeNs);
    out.byte(COMMA);
    out.natural(view.getUint32(at + pid, true));
    out.byte(COMMA);
    out.natural(view.getUint32(at + tid, true));
    out.byte(COMMA);
    writeComm(out, "csv", view, at + comm);
    out.byte(COMMA);
    out.text(names.get(site) as string);
  };
  const head = new RepeatedHead(clock, writeHead, ISO_FRACTION);
  return {
    head() {
      const result = withResult ? ["result", "errno", "durationNs"] : [];
      return `${["time", "pid", "tid", "comm", "function", ...columns, ...result].join(",")}\r\n`;
    },
    write(out, site, view, at) {
      head.write(out, site, view, at);
      for (let index = 0; index < columns.length; index++) {
        out.byte(COMMA);
        const param = site.params[index];
        if (param !== undefined) writeArgument(out, "csv", site.layout, param.form, view, at, index);
      }
      if (site.layout.withResult) writeResult(out, site, view, at + CallHead.size);
      else if (withResult) out.ascii(",,,");
      out.ascii("\r\n");
    },
    end: () => "",
  };
}

/** `args.fd` and so on: the path to the value in a line of JSON, so that no name meets one of the fixed columns. */
function argumentColumns(sites: readonly ShownSite[]): string[] {
  const lists = sites.map(({ params }) => params.map(({ name }) => `args.${name}`));
  const longest = lists.reduce((a, b) => (b.length > a.length ? b : a), []);
  const isSame = lists.every((list) => list.join() === longest.join());
  return isSame ? longest : longest.map((_, i) => `args.${i + 1}`);
}

function writeResult(out: ByteWriter, site: ShownSite, view: DataView, at: number): void {
  const result = at + CallResult.offsets.result;
  out.byte(COMMA);
  if (site.result !== undefined) writeValue(out, "csv", site.result, view, result);
  out.byte(COMMA);
  const error =
    site.failsByErrno && site.result !== undefined ? errorAt(view, result, site.result) : undefined;
  if (error !== undefined) out.ascii(errnoName(error));
  out.byte(COMMA);
  const durationNs = view.getUint32(at + 4, true) * 2 ** 32 + view.getUint32(at, true);
  if (durationNs > 0) out.natural(durationNs);
}
