/** What becomes of events: lines as they come, or a document at the end. */
import { jsonText } from "../../output/json";
import type { Column, Json } from "../../output/report";
import type { Context } from "../context";
import { type EventRow, eventHeading, eventJson, eventLine } from "./event-rows";
import { type EventSink, failureSink, flappingSink } from "./event-summaries";
import type { Options } from "./options";

/** Events of a document that there is room for unless told. */
const DOCUMENT_ROOM = 1_000_000;

/** The sink that the options ask for; what sums up has room for `most` rows. */
export function createSink(context: Context, given: Options, most: number): EventSink {
  if (given.flapping !== undefined) return flappingSink(context, given.flapping, given.top, most);
  if (!given.events) return failureSink(context, given.top, most);
  if (context.format === "table") return lineSink(context, given.exe);
  return context.format === "ndjson"
    ? ndjsonSink(context)
    : documentSink(context, given.maxEntries ?? DOCUMENT_ROOM);
}

function lineSink(context: Context, withExe: boolean): EventSink {
  let count = 0;
  return {
    begin: () => context.print(`${eventHeading(withExe)}\n`),
    async rows(rows) {
      count += rows.length;
      if (rows.length > 0) await context.print(rows.map((row) => `${eventLine(row)}\n`).join(""));
    },
    async end(_span, lost) {
      await context.print(`\nTotal: ${count} events.\n${lossLine(lost)}\n`);
    },
  };
}

function lossLine(lost: Readonly<Record<string, number>>): string {
  const total = Object.values(lost).reduce((sum, value) => sum + value, 0);
  return total === 0 ? "Lost: nothing." : `Lost: ${total} (${jsonText(lost)}).`;
}

function ndjsonSink(context: Context): EventSink {
  let count = 0;
  return {
    async begin() {},
    async rows(rows) {
      count += rows.length;
      if (rows.length > 0) await context.print(rows.map((row) => `${jsonText(eventJson(row))}\n`).join(""));
    },
    async end({ endedAt }, lost) {
      const last = { time: endedAt.toISOString(), event: "end", count, lost };
      await context.print(`${jsonText(last)}\n`);
    },
  };
}

const KEYS = [
  ...["time", "event", "pid", "ppid", "parent", "uid", "user", "container", "comm", "exe", "args", "argsCut"],
  ...["errno", "path", "exitCode", "signal", "coreDumped", "ageNs", "cpuNs", "userNs", "systemNs"],
  ...["voluntarySwitches", "involuntarySwitches", "minorFaults", "majorFaults"],
  ...["readBytes", "writtenBytes", "maxRssBytes"],
] as const;

/** A whole document at the end: JSON, CSV. It has room for `most` events. */
function documentSink(context: Context, most: number): EventSink {
  const all: EventRow[] = [];
  let mapFull = 0;
  const columns = KEYS.map((key): Column<EventRow> => {
    const json = (row: EventRow) => ((row as unknown as Record<string, Json>)[key] ?? null) as Json;
    // Reports keep "time" for themselves.
    return { title: key, key: key === "time" ? "at" : key, text: (row) => jsonText(json(row)), json };
  });
  return {
    async begin() {},
    async rows(rows) {
      for (const row of rows) {
        if (all.length < most) all.push(row);
        else mapFull++;
      }
    },
    lost: () => ({ mapFull }),
    end: (span, lost) =>
      context.output.report({ ...span, columns, rows: all, totals: { count: all.length }, footer: [], lost }),
  };
}
