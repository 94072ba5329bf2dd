/** Where the columns of a table stand. Only this file decides widths; how lines are put together is table.ts. */
import { bar } from "./bar";
import { harmless } from "./harmless";
import type { Report } from "./report";
import { displayWidth, truncate } from "./width";

/** The space between two columns. */
export const GAP = "  ";
const SHRINK_FLOOR = 8;
const BAR_LEAST = 10;
const BAR_MOST = 40;

/** How wide a table may get and which characters it may use. */
export interface LayoutOptions {
  /** In terminal columns; only columns that may shrink give way. */
  readonly width: number;
  /** No ellipses or block characters: the locale is not UTF-8. */
  readonly ascii: boolean;
}

/** The columns of one report, measured. */
export interface Layout<R> {
  readonly widths: readonly number[];
  readonly aligns: readonly ("left" | "right")[];
  readonly heading: readonly string[];
  /** The cells of a row, harmless and cut to their columns' widths, not yet filled up. */
  cells(row: R): string[];
}

/** Measures every cell once; `cells` makes them again, so that memory does not grow with the rows. */
export function createLayout<R>(report: Report<R>, { width, ascii }: LayoutOptions): Layout<R> {
  const { columns, rows, chart } = report;
  const heading = columns.map(
    ({ title, unit }) => title.toUpperCase() + (unit === undefined ? "" : ` ${unit}`),
  );
  const least = heading.map(displayWidth);
  const widths = [...least];
  for (const row of rows) {
    for (const [index, column] of columns.entries()) {
      widths[index] = Math.max(widths[index]!, displayWidth(harmless(column.text(row))));
    }
  }
  const reserved = chart === undefined ? 0 : GAP.length + BAR_LEAST;
  const floors = columns.map((column, at) =>
    column.shrink === undefined ? widths[at]! : Math.max(least[at]!, SHRINK_FLOOR),
  );
  shrink(widths, floors, width - reserved - GAP.length * (columns.length - 1));

  const mark = ascii ? "~" : "…";
  const textCells = (row: R) =>
    columns.map((column, at) => truncate(harmless(column.text(row)), widths[at]!, mark, column.shrink));
  const aligns = columns.map((column) => column.align ?? "left");
  if (chart === undefined) return { widths, aligns, heading, cells: textCells };

  const used = widths.reduce((sum, each) => sum + each + GAP.length, 0);
  const barWidth = Math.max(BAR_LEAST, Math.min(BAR_MOST, width - used));
  const largest = rows.reduce((most, row) => Math.max(most, chart(row)), 0);
  return {
    widths: [...widths, barWidth],
    aligns: [...aligns, "left"],
    heading: [...heading, ""],
    cells: (row) => [...textCells(row), bar(largest > 0 ? chart(row) / largest : 0, barWidth, ascii)],
  };
}

/** Takes columns away from the widest that may give some, until all fit or none can. */
function shrink(widths: number[], floors: readonly number[], room: number): void {
  let excess = widths.reduce((sum, each) => sum + each, 0) - room;
  for (; excess > 0; excess--) {
    let widest = -1;
    for (const [at, width] of widths.entries()) {
      if (width > floors[at]! && (widest < 0 || width > widths[widest]!)) widest = at;
    }
    if (widest < 0) return;
    widths[widest]!--;
  }
}
