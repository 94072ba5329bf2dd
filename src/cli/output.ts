/** From the output options to the place and the form of what a command reports. */
import { release } from "node:os";
import { choice } from "../commands/choice";
import type { LiveScreen } from "../commands/context";
import { UsageError } from "../core/errors";
import { wantsColor } from "../output/color";
import { formatOf, isUtf8, type ReportFormat, reportEndings, reportFormats } from "../output/format";
import { createOutput, type Output } from "../output/output";
import type { RunInfo } from "../output/report";
import { type Sink, StreamSink } from "../output/sink";
import type { TimestampMode } from "../output/timestamps";
import type { Invocation } from "./command-line";
import type { KeySource } from "./keyboard";

/** What is needed of `process`. */
export interface OutputPlace {
  readonly stdin: KeySource;
  readonly stdout: NodeJS.WriteStream;
  readonly env: NodeJS.ProcessEnv;
  readonly pid: number;
  kill(pid: number, signal: "SIGINT" | "SIGTSTP"): unknown;
  cpuUsage(): { readonly user: number; readonly system: number };
  on(event: "SIGCONT", listener: () => void): unknown;
  off(event: "SIGCONT", listener: () => void): unknown;
}

/** Where a run's output goes. Disposing gives the terminal back, and gives up a file that was not ended. */
export interface RunOutput extends Disposable {
  readonly output: Output;
  readonly format: string;
  /** The live screen's keys and bell, where the output is one. */
  readonly screen: LiveScreen | undefined;
  print(text: string | Uint8Array): Promise<void>;
  /** Makes everything final, whether or not the command has done so. */
  end(): Promise<void>;
}

/** The values of `outputOptions` and its relatives, as far as the command has them. */
interface OutputChoice {
  readonly format?: string;
  readonly json?: boolean;
  readonly csv?: boolean;
  readonly output?: string;
  readonly live?: boolean;
  readonly timestamps?: TimestampMode;
  readonly interval?: number;
  /** There will be one report, whatever the interval. */
  readonly once?: boolean;
  readonly list?: boolean;
  readonly dump?: boolean;
}

/** The format: as given, else by the file's ending, else the command's first. Throws a UsageError. */
export function chosenFormat({ command, options }: Pick<Invocation, "command" | "options">): string {
  const { format, json, csv, output } = options as OutputChoice;
  const formats = command.options["format"]?.choices ?? ["table"];
  const named = format ?? (json === true ? "json" : csv === true ? "csv" : undefined);
  if (named !== undefined) return choice("format", named, formats);
  const byEnding =
    output === undefined ? undefined : formatOf<string>(output, { ...reportEndings, ...command.endings });
  return byEnding === undefined ? (formats[0] as string) : choice("format", byEnding, formats);
}

/** Opens the output of a run. Throws a UsageError where it cannot be what was asked for. */
export function openOutput(
  invocation: Invocation,
  version: string,
  place: OutputPlace,
  notice: (text: string) => void,
): RunOutput {
  const { command, options, color: colorMode } = invocation;
  const { output: path, timestamps, interval, once, list } = options as OutputChoice;
  const { stdout, env } = place;
  const format = chosenFormat(invocation);
  const terminal = path === undefined && stdout.isTTY === true;
  const live = isLive(invocation, terminal);
  if (live === true && format !== "table") throw new UsageError(`live: cannot redraw the format "${format}"`);
  if (live === true && !terminal) {
    const hint = 'use "--interval" for one table after another';
    throw new UsageError("live: stdout is not a terminal", { hint });
  }
  const info: RunInfo = {
    tool: "bpfkit",
    version,
    command: command.name,
    kernel: release(),
    startedAt: new Date(),
  };
  const color = wantsColor(colorMode, terminal, env);
  const ascii = !isUtf8(env);
  const sink = path === undefined ? new StreamSink(stdout) : fileSink(path, stdout);
  const intervals = interval !== undefined && live !== true && once !== true && list !== true;
  const width = terminal ? Math.min(stdout.columns || DEFAULT_WIDTH, DEFAULT_WIDTH) : DEFAULT_WIDTH;
  const shown = { info, color, ascii, width, timestamps };
  const reports = isReportFormat(format)
    ? createOutput({ ...shown, format, sink, intervals, terminal, notice })
    : noReports(format, sink);
  if (live !== true) return runOutput(reports, format, sink);

  const { openLive } = require("./live") as typeof import("./live");
  // A program that bpfkit starts has the keys to itself.
  const opened = openLive(place, { ...shown, after: reports }, invocation.tracee === undefined);
  return { ...runOutput(opened.output, format, sink, opened.close), screen: opened.screen };
}

/** Whether to redraw in place: where it was asked for, or where the command does so and nothing speaks against it. */
function isLive({ command, options, tracee }: Invocation, terminal: boolean): boolean {
  const { live, format, json, csv, once, list, dump } = options as OutputChoice;
  if (live === true) return true;
  const otherwise =
    format !== undefined || [json, csv, once, list, dump].includes(true) || tracee !== undefined;
  return command.liveOnTerminal === true && terminal && !otherwise;
}

/** The widest a table is unless the terminal is narrower. */
const DEFAULT_WIDTH = 80;

function runOutput(reports: Output, format: string, sink: Sink, closed: () => void = () => {}): RunOutput {
  let ended: Promise<void> | undefined;
  const end = () => {
    ended ??= reports.end();
    return ended;
  };
  const dispose = () => {
    closed();
    reports[Symbol.dispose]();
  };
  return {
    output: { report: (report) => reports.report(report), end, [Symbol.dispose]: dispose },
    format,
    screen: undefined,
    print: (text) => sink.write(text),
    end,
    [Symbol.dispose]: dispose,
  };
}

/** A format that the command writes itself, by `print`. */
function noReports(format: string, sink: Sink): Output {
  return {
    report: () => Promise.reject(new TypeError(`format "${format}" has no reports`)),
    end: () => sink.close(),
    [Symbol.dispose]: () => sink[Symbol.dispose](),
  };
}

function fileSink(path: string, stdout: NodeJS.WritableStream): Sink {
  return (require("../output/file-sink") as typeof import("../output/file-sink")).openSink(path, stdout);
}

function isReportFormat(format: string): format is ReportFormat {
  return (reportFormats as readonly string[]).includes(format);
}
