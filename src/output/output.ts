/** What a command sees of the outside: it hands over reports, and how they look is not its business. */
import { csvRenderer } from "./csv";
import type { ReportFormat } from "./format";
import { jsonRenderer, ndjsonRenderer } from "./json";
import type { Renderer } from "./renderer";
import { lossSentence, lostTotal, type Report, type RunInfo } from "./report";
import type { Sink } from "./sink";
import { tableRenderer } from "./table";
import type { TimestampMode } from "./timestamps";

/** Where a command's reports go. Disposing of one that was not ended gives up its file. */
export interface Output extends Disposable {
  /** Shows one report; resolves when it is out. Rejects with ClosedPipeError when nobody reads any more. */
  report<R>(report: Report<R>): Promise<void>;
  /** No more reports: makes the output final. */
  end(): Promise<void>;
}

export interface OutputOptions {
  readonly format: ReportFormat;
  readonly info: RunInfo;
  readonly sink: Sink;
  /** Several reports will come: times between tables, a time column in CSV, one line per JSON document. */
  readonly intervals: boolean;
  /** "clock" with intervals and "none" without, unless given. */
  readonly timestamps?: TimestampMode | undefined;
  readonly color: boolean;
  /** The widest a table may be, in columns; 80 unless given. Read for each table: a getter follows a terminal. */
  readonly width?: number | undefined;
  readonly ascii: boolean;
  /** A terminal reads the sink. */
  readonly terminal: boolean;
  /** Says something on stderr: the losses that a format has no place for. */
  notice(text: string): void;
}

const PIECE = 64 * 1024;

/** Renders reports in the chosen format into the sink. */
export function createOutput(options: OutputOptions): Output {
  const { sink, format } = options;
  const renderer = createRenderer(options);
  return {
    async report(report) {
      await writeAll(sink, renderer.render(report));
      // CSV has nowhere to put a loss, and NDJSON none where no row carries it.
      const unsaid = format === "csv" || (format === "ndjson" && report.rows.length === 0);
      if (unsaid && lostTotal(report) > 0) options.notice(lossSentence(report)!);
    },
    end: () => sink.close(),
    [Symbol.dispose]: () => sink[Symbol.dispose](),
  };
}

function createRenderer(options: OutputOptions): Renderer {
  const { format, info, intervals, terminal, color, ascii } = options;
  switch (format) {
    case "table": {
      const timestamps = options.timestamps ?? (intervals ? "clock" : "none");
      return tableRenderer(info, {
        color,
        ascii,
        timestamps,
        get width() {
          return options.width ?? 80;
        },
      });
    }
    case "json":
      return jsonRenderer(info, intervals);
    case "ndjson":
      return ndjsonRenderer();
    case "csv":
      return csvRenderer({ intervals, terminal });
  }
}

/** Writes in pieces of a moderate size: few system calls, and no report in memory as one string. */
async function writeAll(sink: Sink, chunks: Iterable<string>): Promise<void> {
  let parts: string[] = [];
  let length = 0;
  for (const chunk of chunks) {
    parts.push(chunk);
    length += chunk.length;
    if (length < PIECE) continue;
    await sink.write(parts.join(""));
    parts = [];
    length = 0;
  }
  if (length > 0) await sink.write(parts.join(""));
}
