/** What a command found out, as data: the renderers turn it into text, the tests look at it directly. */

import type { Paint } from "./color";

/** A value that JSON can hold; a bigint is written as a number where that is exact, else as a string. */
export type Json =
  | string
  | number
  | bigint
  | boolean
  | null
  | readonly Json[]
  | { readonly [key: string]: Json };

/** One column of a report, for people and for programs. `text` and `json` must be pure. */
export interface Column<R> {
  /** The heading; tables show it in capitals. */
  readonly title: string;
  /** The unit of every number in the column, shown in the heading. */
  readonly unit?: string | undefined;
  /** Numbers go to the right; the default is left. */
  readonly align?: "left" | "right" | undefined;
  /** May be cut when the table is too wide, at this end. Columns without it are never cut. */
  readonly shrink?: "start" | "end" | undefined;
  /**
   * The name in JSON and CSV: camelCase with the unit as suffix, such as `totalNs`. NDJSON adds `time`, `startedAt`,
   * `durationNs` and `lost` to every row, so these are taken.
   */
  readonly key: string;
  text(row: R): string;
  json(row: R): Json;
}

/** The result of a run, or of one interval of it. */
export interface Report<R> {
  readonly startedAt: Date;
  readonly endedAt: Date;
  /** Measured by the monotonic clock: the wall clock may have been set in between. */
  readonly durationNs: number;
  readonly columns: readonly Column<R>[];
  readonly rows: readonly R[];
  /** Figures about everything that was measured, rows not shown included. */
  readonly totals: Readonly<Record<string, Json>>;
  /** Sentences under the table, usually made from the totals. */
  readonly footer: readonly string[];
  /** How many were lost, by reason in camelCase; a reason that did not occur is there with 0. */
  readonly lost: Readonly<Record<string, number>>;
  /** With it a table gets a bar per row; the longest bar is the largest value. */
  readonly chart?: ((row: R) => number) | undefined;
  /** What a live screen shows instead of the table, made anew for each size of the terminal. */
  readonly frame?: ((place: FramePlace) => readonly string[]) | undefined;
}

/** Where a frame is shown. */
export interface FramePlace {
  readonly columns: number;
  readonly rows: number;
  /** "bpfkit  dashboard  12:34:56" */
  readonly title: string;
  readonly paint: Paint;
  readonly ascii: boolean;
}

/** What every document says about its origin. */
export interface RunInfo {
  readonly tool: "bpfkit";
  readonly version: string;
  readonly command: string;
  /** The kernel's release, such as "6.1.0-18-amd64". */
  readonly kernel: string;
  readonly startedAt: Date;
}

/** All losses of a report together. */
export function lostTotal(report: Pick<Report<never>, "lost">): number {
  return Object.values(report.lost).reduce((sum, count) => sum + count, 0);
}

/** "Lost: nothing." or "Lost: 12 (map full 10, missed probe 2)."; undefined where nothing can be lost. */
export function lossSentence(report: Pick<Report<never>, "lost">): string | undefined {
  const reasons = Object.entries(report.lost);
  if (reasons.length === 0) return undefined;
  const total = lostTotal(report);
  if (total === 0) return "Lost: nothing.";
  const parts = reasons
    .filter(([, count]) => count > 0)
    .map(([reason, count]) => `${spaced(reason)} ${count}`);
  return `Lost: ${total} (${parts.join(", ")}).`;
}

function spaced(camelCase: string): string {
  return camelCase.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
