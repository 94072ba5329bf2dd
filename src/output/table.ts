/**
 * Tables for people: columns two spaces apart, no borders, numbers to the right, totals and losses underneath.
 * cli-table3 puts small tables together. Its time grows with the square of the rows and it measures some scripts
 * otherwise than terminals do, so large tables and those beyond ASCII are put together here, to the same text.
 */
import { createPaint, type Paint } from "./color";
import { harmless } from "./harmless";
import { createLayout, GAP, type Layout, type LayoutOptions } from "./layout";
import type { Renderer } from "./renderer";
import { lossSentence, lostTotal, type Report, type RunInfo } from "./report";
import { type TimestampMode, timestamp } from "./timestamps";
import { pad } from "./width";

/** Up to this many rows cli-table3 is quick enough. */
export const SMALL_TABLE = 200;
const PLAIN = /^[ -~\u2026\u2588-\u258f]*$/;

export interface TableOptions extends LayoutOptions {
  readonly color: boolean;
  readonly timestamps: TimestampMode;
}

/** The lines of one table without line ends; `body` is made while it is read. */
export interface TableLines {
  readonly head: string;
  readonly body: Iterable<string>;
  readonly foot: readonly string[];
}

/** Renders tables, one below the other, a blank line or the time in between. */
export function tableRenderer(info: RunInfo, options: TableOptions): Renderer {
  const paint = createPaint(options.color);
  let before: Date | undefined;
  return {
    *render<R>(report: Report<R>) {
      if (before !== undefined) yield "\n";
      const time = timestamp(options.timestamps, report.endedAt, before ?? info.startedAt);
      before = report.endedAt;
      if (time !== undefined) yield `${paint.time(time)}\n`;
      const { head, body, foot } = tableLines(report, options, paint);
      yield `${head}\n`;
      for (const line of body) yield `${line}\n`;
      if (foot.length > 0) yield `\n${foot.join("\n")}\n`;
    },
  };
}

/** One report as heading, rows and footer. */
export function tableLines<R>(report: Report<R>, options: LayoutOptions, paint: Paint): TableLines {
  const layout = createLayout(report, options);
  const heading = layout.heading.map((text, at) => pad(text, layout.widths[at]!, layout.aligns[at]));
  return {
    head: paint.heading(heading.join(GAP).trimEnd()),
    body: report.rows.length <= SMALL_TABLE ? smallBody(report.rows, layout) : longBody(report.rows, layout),
    foot: footer(report, paint),
  };
}

function footer<R>(report: Report<R>, paint: Paint): string[] {
  const loss = lossSentence(report);
  const lines = report.footer.map(harmless);
  if (loss !== undefined) lines.push(lostTotal(report) > 0 ? paint.loss(loss) : loss);
  return lines;
}

function smallBody<R>(rows: readonly R[], layout: Layout<R>): Iterable<string> {
  const cells = rows.map((row) => layout.cells(row));
  // cli-table3 draws a table without rows or columns as one empty line.
  if (rows.length === 0 || !cells.flat().every((cell) => PLAIN.test(cell))) return longBody(rows, layout);
  const Table = require("cli-table3") as typeof import("cli-table3");
  const table = new Table({
    chars: BORDERLESS,
    colWidths: [...layout.widths],
    colAligns: [...layout.aligns],
    style: { "padding-left": 0, "padding-right": 0, head: [], border: [] },
  });
  table.push(...cells);
  return table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd());
}

function* longBody<R>(rows: readonly R[], layout: Layout<R>): Iterable<string> {
  for (const row of rows) {
    const cells = layout.cells(row).map((cell, at) => pad(cell, layout.widths[at]!, layout.aligns[at]));
    yield cells.join(GAP).trimEnd();
  }
}

const BORDERLESS = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  left: "",
  "left-mid": "",
  mid: "",
  "mid-mid": "",
  right: "",
  "right-mid": "",
  middle: GAP,
} as const;
