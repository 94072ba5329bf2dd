/** `--live`: each report replaces the one before on the screen; the last one stays on the terminal at the end. */
import { createPaint } from "./color";
import type { Output } from "./output";
import type { Report, RunInfo } from "./report";
import type { Screen, Size } from "./screen";
import { tableLines } from "./table";
import { type TimestampMode, timestamp } from "./timestamps";

export interface LiveOptions {
  readonly screen: Screen;
  readonly info: RunInfo;
  readonly color: boolean;
  readonly ascii: boolean;
  readonly timestamps?: TimestampMode | undefined;
  /** Takes the last report once the screen has been given back. */
  readonly after: Output;
}

/** An output that redraws in place. */
export function liveOutput(options: LiveOptions): Output {
  const { screen, after } = options;
  let showLast: (() => Promise<void>) | undefined;
  let before = options.info.startedAt;
  return {
    async report(report) {
      showLast = () => after.report(report);
      const time = timestamp(options.timestamps ?? "clock", report.endedAt, before);
      before = report.endedAt;
      screen.draw((size) => liveFrame(report, size, { ...options, time }));
    },
    async end() {
      screen.restore();
      await showLast?.();
      await after.end();
    },
    [Symbol.dispose]() {
      screen.restore();
      after[Symbol.dispose]();
    },
  };
}

export interface FrameOptions extends Pick<LiveOptions, "info" | "color" | "ascii"> {
  readonly time: string | undefined;
}

/** The lines of one frame. Rows give way first: heading, totals and losses stay in sight as long as they fit. */
export function liveFrame<R>(report: Report<R>, { columns, rows }: Size, options: FrameOptions): string[] {
  const { info, time, ascii, color } = options;
  const paint = createPaint(color);
  const title = paint.time([info.tool, info.command, time].filter((part) => part !== undefined).join("  "));
  if (report.frame !== undefined) return [...report.frame({ columns, rows, title, paint, ascii })];
  // More rows than the screen has are never seen: they need not be measured either.
  const top = { ...report, rows: report.rows.slice(0, rows) };
  const { head, body, foot } = tableLines(top, { width: columns, ascii }, paint);
  const below = foot.length > 0 ? ["", ...foot] : [];
  const room = Math.max(0, rows - 3 - below.length);
  const fitting = report.rows.length <= room ? [...body] : [...body].slice(0, Math.max(0, room - 1));
  const hidden = report.rows.length - fitting.length;
  if (hidden > 0 && room > 0) fitting.push(paint.time(`(${hidden} more rows)`));
  return [title, "", head, ...fitting, ...below];
}
