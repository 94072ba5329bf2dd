/** JSON documents and NDJSON lines. Values are intact; what a terminal might obey is written as an escape. */
import type { Renderer } from "./renderer";
import type { Column, Json, Report, RunInfo } from "./report";

// JSON.stringify escapes C0 and leaves these; some terminals take C1 for escape sequences.
const RAW_CONTROLS = /[\u007f-\u009f]/g;

/** One value as JSON text. Whole numbers that a double cannot hold exactly become strings. */
export function jsonText(value: Json): string {
  switch (typeof value) {
    case "number":
      return numberText(value);
    case "bigint":
      return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? `${value}` : `"${value}"`;
    case "string":
      return JSON.stringify(value).replace(
        RAW_CONTROLS,
        (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
      );
    case "boolean":
      return String(value);
  }
  if (value === null) return "null";
  if (isArray(value)) return `[${value.map(jsonText).join(",")}]`;
  return objectText(Object.entries(value));
}

/** `{ tool, version, …, rows, totals, lost }`; with `oneLine` every document is a line of its own. */
export function jsonRenderer(info: RunInfo, oneLine: boolean): Renderer {
  const newline = oneLine ? "" : "\n";
  const [outer, inner] = oneLine ? ["", ""] : ["  ", "    "];
  const colon = oneLine ? ":" : ": ";
  return {
    *render<R>(report: Report<R>) {
      const { tool, version, command, kernel } = info;
      const { durationNs } = report;
      const origin = { tool, version, command, kernel, ...times(report), durationNs };
      yield `{${newline}`;
      for (const [key, value] of Object.entries(origin))
        yield `${outer}"${key}"${colon}${jsonText(value)},${newline}`;
      yield `${outer}"rows"${colon}[`;
      let separator = newline;
      for (const row of report.rows) {
        yield `${separator}${inner}${rowText(report.columns, row)}`;
        separator = `,${newline}`;
      }
      yield `${report.rows.length > 0 ? newline + outer : ""}],${newline}`;
      yield `${outer}"totals"${colon}${jsonText(report.totals)},${newline}`;
      yield `${outer}"lost"${colon}${jsonText(report.lost)}${newline}}\n`;
    },
  };
}

/** A line per row: `{ time, startedAt, durationNs, …row, lost }`, where `time` is the end of the interval. */
export function ndjsonRenderer(): Renderer {
  return {
    *render<R>(report: Report<R>) {
      const { startedAt, endedAt } = times(report);
      const interval = objectText(
        Object.entries({ time: endedAt, startedAt, durationNs: report.durationNs }),
      );
      const head = interval.slice(0, -1);
      const tail = `,"lost":${jsonText(report.lost)}}\n`;
      for (const row of report.rows) {
        const members = rowText(report.columns, row).slice(1, -1);
        yield `${head}${members === "" ? "" : ","}${members}${tail}`;
      }
    },
  };
}

function times(report: Pick<Report<never>, "startedAt" | "endedAt">): { startedAt: string; endedAt: string } {
  return { startedAt: report.startedAt.toISOString(), endedAt: report.endedAt.toISOString() };
}

function rowText<R>(columns: readonly Column<R>[], row: R): string {
  return objectText(columns.map((column) => [column.key, column.json(row)]));
}

function objectText(entries: readonly (readonly [string, Json])[]): string {
  return `{${entries.map(([key, value]) => `${JSON.stringify(key)}:${jsonText(value)}`).join(",")}}`;
}

function numberText(value: number): string {
  if (!Number.isFinite(value)) return "null";
  return Number.isInteger(value) && !Number.isSafeInteger(value)
    ? `"${BigInt(value)}"`
    : JSON.stringify(value);
}

// Array.isArray does not narrow a readonly array out of a union.
function isArray(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
