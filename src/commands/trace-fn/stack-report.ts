/** Stacks of calls as text for people and as rows for programs, the most frequent first. Pure. */
import { basename } from "node:path";
import { NS_PER } from "../../core/units";
import { percentText } from "../../output/figures";
import { type Column, lossSentence, type Report } from "../../output/report";
import { foldedName, frameName, shown } from "../../output/stacks/frame-text";
import { type Frame, type Profile, stackFrames, totalWeight } from "../../output/stacks/profile";
import { truncate } from "../../output/width";

/** Stacks that look the same. */
interface StackRow {
  /** Whose they are. */
  readonly label: string;
  /** The outermost first. */
  readonly frames: readonly Frame[];
  count: number;
}

/** One for all stacks of a task's name whose frames have the same names. */
function rowsOf(profile: Profile): StackRow[] {
  const { samples, groups, frames } = profile;
  const rows = new Map<string, StackRow>();
  for (let at = 0; at < samples.length; at++) {
    const { label } = groups[samples.group[at] as number] ?? { label: "" };
    const stack = stackFrames(profile, samples.stack[at] as number).map((frame) => frames[frame] as Frame);
    const key = [label, ...stack.map((frame) => `${frameName(frame)}\0${frame.module?.path}`)].join("\n");
    const count = samples.count[at] as number;
    const known = rows.get(key);
    if (known === undefined) rows.set(key, { label, frames: stack, count });
    else known.count += count;
  }
  return [...rows.values()].sort((a, b) => b.count - a.count || (foldedText(a) < foldedText(b) ? -1 : 1));
}

const COUNT_WIDTH = 9;
const SHARE_WIDTH = 7;
const NAME_WIDTH = 40;
const WIDTH = 80;
const INDENT = " ".repeat(COUNT_WIDTH + SHARE_WIDTH + 2);

/** Each stack as lines, the innermost frame first, with the file it is in. */
export function stackText(profile: Profile, top: number): string {
  const rows = rowsOf(profile);
  const all = totalWeight(profile);
  const left = rows.slice(top);
  const rest = left.reduce((sum, { count }) => sum + count, 0);
  const stacks = (count: number) => `${count} stack${count === 1 ? "" : "s"}`;
  return [
    `${"COUNT".padStart(COUNT_WIDTH)}${"%".padStart(SHARE_WIDTH)}  STACK, innermost first`,
    ...rows.slice(0, top).flatMap((row) => [...linesOf(row, all), ""]),
    ...(rows.length === 0 ? [""] : []),
    ...(left.length === 0 ? [] : [`And ${stacks(left.length)} of ${rest} calls; -n 0 shows all.`]),
    ...profile.notes,
    `Total: ${all} call${all === 1 ? "" : "s"} in ${stacks(rows.length)}.`,
    `${lossSentence(profile)}\n`,
  ].join("\n");
}

function linesOf({ label, frames, count }: StackRow, all: number): string[] {
  const [first = shown(label), ...others] = [...frames.map(frameLine).reverse(), shown(label)];
  const share = percentText(all === 0 ? Number.NaN : count / all);
  return [
    `${String(count).padStart(COUNT_WIDTH)}${share.padStart(SHARE_WIDTH)}  ${first}`,
    ...others.map((line) => INDENT + line),
  ].map((line) => truncate(line, WIDTH, "…"));
}

function frameLine(frame: Frame): string {
  const name = frameName(frame);
  return frame.module === undefined
    ? name
    : `${name.padEnd(NAME_WIDTH)} ${shown(basename(frame.module.path))}`;
}

/** The whole stack on one line, the outermost first, as folded stacks have it. */
function foldedText({ label, frames }: Pick<StackRow, "label" | "frames">): string {
  return [shown(label), ...frames.map(frameName)].map((name) => foldedName(name)).join(";");
}

/** Each stack as a row. */
export function stackReport(profile: Profile, top: number): Report<StackRow> {
  const rows = rowsOf(profile);
  const shownRows = rows.slice(0, top);
  const { startedAt, durationNs, lost } = profile;
  return {
    ...{ startedAt, durationNs, lost, columns, rows: shownRows },
    endedAt: new Date(startedAt.getTime() + durationNs / NS_PER.ms),
    totals: { count: totalWeight(profile), rows: rows.length, shownRows: shownRows.length },
    footer: profile.notes,
  };
}

const text = (key: "comm" | "stack", of: (row: StackRow) => string): Column<StackRow> => ({
  ...{ title: key, key, text: of, json: of },
});

const columns: readonly Column<StackRow>[] = [
  { title: "count", key: "count", text: ({ count }) => String(count), json: ({ count }) => count },
  text("comm", ({ label }) => label),
  text("stack", ({ frames }) => frames.map((frame) => foldedName(frameName(frame))).join(";")),
];
