/** CSV after RFC 4180: CRLF line ends, quotes only where needed, bare numbers, one header line per run. */
import { harmless } from "./harmless";
import { jsonText } from "./json";
import type { Renderer } from "./renderer";
import type { Column, Json, Report } from "./report";

export interface CsvOptions {
  /** With intervals the first field of every row is `time`, the end of its interval. */
  readonly intervals: boolean;
  /** A terminal reads it: control characters are written out. Files and pipes get them as they are. */
  readonly terminal?: boolean;
}

/** Renders the header line with the first report only. Losses and totals have no place in CSV. */
export function csvRenderer({ intervals, terminal = false }: CsvOptions): Renderer {
  let started = false;
  const show = terminal ? harmless : (text: string) => text;
  return {
    *render<R>(report: Report<R>) {
      if (!started)
        yield line([...(intervals ? ["time"] : []), ...report.columns.map((column) => column.key)]);
      started = true;
      const lead = intervals ? [report.endedAt.toISOString()] : [];
      for (const row of report.rows) yield line([...lead, ...fields(report.columns, row).map(show)]);
    },
  };
}

function fields<R>(columns: readonly Column<R>[], row: R): string[] {
  return columns.map((column) => fieldText(column.json(row)));
}

function fieldText(value: Json): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "string") return value;
  const text = jsonText(value);
  if (typeof value === "object") return text;
  // JSON quotes what exceeds 2^53 and says null for what is not finite; CSV has digits and emptiness.
  return text === "null" ? "" : text.replaceAll('"', "");
}

function line(values: readonly string[]): string {
  return `${values.map(quoted).join(",")}\r\n`;
}

function quoted(value: string): string {
  return /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}
