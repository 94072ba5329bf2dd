/** What events add up to: failed attempts by their reason, and command lines that flap. */
import type { Column, Json, Report } from "../../output/report";
import type { Context } from "../context";
import { commandLineText } from "./command-line-text";
import type { EventRow } from "./event-rows";
import { Flapping, type FlappingRow } from "./flapping";

/** The stretch of time that events were taken in. */
export type EventSpan = Pick<Report<never>, "startedAt" | "endedAt" | "durationNs">;

/** What becomes of the rows. */
export interface EventSink {
  begin(): Promise<void>;
  rows(rows: readonly EventRow[]): Promise<void>;
  /** What it had no room for itself. */
  lost?(): Readonly<Record<string, number>>;
  end(span: EventSpan, lost: Readonly<Record<string, number>>): Promise<void>;
}

const text = <R>(title: string, key: keyof R & string, shrink?: "start"): Column<R> => ({
  title,
  key,
  text: (row) => String(row[key]),
  json: (row) => row[key] as Json,
  ...(shrink === undefined ? {} : { shrink }),
});
const number = <R>(title: string, key: keyof R & string): Column<R> => ({
  ...text<R>(title, key),
  align: "right",
});

interface FailureRow {
  readonly comm: string;
  readonly errno: string;
  readonly path: string;
  count: number;
}

/** Failed attempts, counted by who, why and what: in `most` rows, and what is in none of them. */
export function failureSink(context: Context, top: number, most: number): EventSink {
  const counts = new Map<string, FailureRow>();
  let total = 0;
  let mapFull = 0;
  return {
    async begin() {},
    async rows(rows) {
      for (const { comm, errno = "", path = "" } of rows) {
        const key = JSON.stringify([comm, errno, path]);
        const row = counts.get(key) ?? { comm, errno, path, count: 0 };
        if (row.count === 0 && counts.size >= most) {
          mapFull++;
          continue;
        }
        row.count++;
        total++;
        counts.set(key, row);
      }
    },
    lost: () => ({ mapFull }),
    async end(span, lost) {
      const rows = [...counts.values()].sort((a, b) => b.count - a.count || (a.path < b.path ? -1 : 1));
      const shown = rows.slice(0, top);
      const footer = [`Total: ${total} failed attempts in ${rows.length} rows.`];
      const totals = { count: total, rows: rows.length, shownRows: shown.length };
      await context.output.report({ ...span, columns: failureColumns, rows: shown, totals, footer, lost });
    },
  };
}

const failureColumns: readonly Column<FailureRow>[] = [
  text("name", "comm"),
  text("errno", "errno"),
  text("path", "path", "start"),
  number("count", "count"),
];

/** Command lines that failed more often than so many times within a minute; `most` of them are remembered. */
export function flappingSink(context: Context, perMinute: number, top: number, most: number): EventSink {
  const flapping = new Flapping(perMinute, most);
  return {
    async begin() {},
    async rows(rows) {
      for (const row of rows) if (row.event === "exit") flapping.ended(row);
    },
    lost: () => ({ mapFull: flapping.forgotten }),
    async end(span, lost) {
      const rows = flapping.rows();
      const shown = rows.slice(0, top);
      const lines = rows.length === 1 ? "command line" : "command lines";
      const footer = [`${rows.length} ${lines} failed more than ${perMinute} times within a minute.`];
      await context.output.report({
        ...span,
        columns: flappingColumns,
        rows: shown,
        totals: { rows: rows.length, shownRows: shown.length },
        footer,
        lost,
      });
    },
  };
}

const flappingColumns: readonly Column<FlappingRow>[] = [
  {
    title: "args",
    key: "args",
    shrink: "end",
    text: ({ args }) => commandLineText(args),
    json: ({ args }) => args as Json,
  },
  number("per min", "perMinute"),
  number("failed", "failed"),
  number("ended", "ended"),
  text("last", "lastStatus"),
];
