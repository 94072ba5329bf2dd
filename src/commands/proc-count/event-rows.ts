/** Records of the kernel's as a person understands them. Pure. */
import { constants } from "node:os";
import { errnoName } from "../../core/errno";
import { NS_PER } from "../../core/units";
import { harmless } from "../../output/harmless";
import type { Json } from "../../output/report";
import { taskFigures } from "../../probes/task-cost";
import { containerName } from "../../symbols/containers";
import { commandLineText } from "./command-line-text";
import type { ExecEvent } from "./event-records";
import { argsLabels, divided } from "./rows";

/** How the kernel's numbers are named, and its times. */
export interface EventNames {
  user(id: number): string | undefined;
  /** The path of a cgroup; undefined when it is gone. */
  cgroup(id: bigint): string | undefined;
  /** The time of day at a moment of CLOCK_MONOTONIC. */
  date(timeNs: bigint): Date;
}

/** One line of the output, as JSON has it: members that an event does not have are absent. */
export interface EventRow {
  readonly time: string;
  readonly event: "exec" | "exit" | "failed";
  readonly pid: number;
  readonly ppid?: number;
  readonly parent?: string;
  readonly uid: number;
  readonly user: string;
  readonly container?: string;
  readonly comm: string;
  readonly exe?: string;
  readonly args?: readonly string[];
  readonly argsCut?: boolean;
  readonly errno?: string;
  readonly path?: string;
  readonly exitCode?: number;
  readonly signal?: string;
  readonly coreDumped?: boolean;
  readonly ageNs?: number;
  readonly cpuNs?: number;
  readonly maxRssBytes?: number;
}

const SIGNAL_NAMES = new Map(Object.entries(constants.signals).map(([name, number]) => [number, name]));

/** How a process ended, from what wait(2) would tell. */
export function endOf(status: number): Pick<EventRow, "exitCode" | "signal" | "coreDumped"> {
  const signal = status & 0x7f;
  if (signal === 0) return { exitCode: (status >> 8) & 0xff };
  return { signal: SIGNAL_NAMES.get(signal) ?? String(signal), coreDumped: (status & 0x80) !== 0 };
}

/** What is known of a command line. */
export type KnownArgs = Pick<EventRow, "args" | "argsCut">;

/** The row of an event; `known` is the command line that the process of an exit had. */
export function eventRow(
  event: ExecEvent,
  names: EventNames,
  pageSize: number,
  known: KnownArgs | undefined,
): EventRow {
  const { uid = 0, pid = 0, comm = "" } = event;
  const user = names.user(uid) ?? String(uid);
  const common = { time: names.date(event.timeNs).toISOString(), event: event.kind, pid, uid, user, comm };
  if (event.kind === "exit") {
    const { status, ageNs, maxRssPages } = event;
    const figures = Object.fromEntries(taskFigures.map((name) => [name, event[name]]));
    // The kernel does not sum up how long ended threads waited.
    delete figures["runQueueNs"];
    const costs = { ...figures, ...divided(event.cpuNs, event.userNs, event.systemNs) };
    return { ...common, ...known, ...endOf(status), ageNs, ...costs, maxRssBytes: maxRssPages * pageSize };
  }
  const container = containerName(names.cgroup(event.cgroup ?? 0n), event.cgroup ?? 0n);
  const origin = { ppid: event.ppid, parent: event.parent ?? "", container };
  if (event.kind === "failed")
    return { ...common, ...origin, errno: errnoName(event.errno), path: event.path };
  const args = argsLabels(event.args ?? { length: 0, text: "", kept: 0 });
  return { ...common, ...origin, ...(event.exe === undefined ? {} : { exe: event.exe }), ...args };
}

/** The heading over lines of events. */
export function eventHeading(withExe: boolean): string {
  return line("TIME", "EVENT", "PID", "PPID", "PARENT", "USER", "CONTAINER", withExe ? "EXE  ARGS" : "ARGS");
}

/** A line for people. */
export function eventLine(row: EventRow): string {
  const { time, event, pid, ppid, parent, user, container } = row;
  const clock = clockText(new Date(time));
  const from = ppid === undefined ? "" : String(ppid);
  return line(clock, event, String(pid), from, parent ?? "", user, container ?? "", what(row));
}

function line(...cells: string[]): string {
  const widths = [12, 6, 7, 7, 15, 8, 9];
  return cells
    .map((cell, i) => harmless(cell).padEnd(widths[i] ?? 0))
    .join(" ")
    .trimEnd();
}

function clockText(date: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const [hours, minutes, seconds] = [date.getHours(), date.getMinutes(), date.getSeconds()];
  return `${two(hours)}:${two(minutes)}:${two(seconds)}.${String(date.getMilliseconds()).padStart(3, "0")}`;
}

function what(row: EventRow): string {
  const words = row.args === undefined ? row.comm : commandLineText(row.args, row.argsCut);
  if (row.event === "failed") return `${row.errno}  ${row.path}`;
  if (row.event === "exec") return row.exe === undefined ? words : `${row.exe}  ${words}`;
  const end = row.signal === undefined ? `status ${row.exitCode}` : row.signal;
  const seconds = ((row.ageNs ?? 0) / NS_PER.s).toFixed(3);
  return `${end} after ${seconds}s, CPU ${((row.cpuNs ?? 0) / NS_PER.ms).toFixed(1)}ms: ${words}`;
}

/** A row as JSON. */
export function eventJson(row: EventRow): Json {
  return row as unknown as Json;
}
