/** The live screen as lines, fitted to the terminal. Pure. */

import type { FramePlace } from "../../output/report";
import { sparkline } from "../../output/sparkline";
import { pad, truncate } from "../../output/width";
import { type Row, rateText, scaled } from "./report";
import type { Reading } from "./series";
import { ordered, type ViewState } from "./view-state";

/** A process behind a counter. */
export interface ProcessRow {
  readonly pid: number;
  readonly comm: string;
  readonly total: number;
  readonly rate: number;
}

/** Everything a frame is made of. */
export interface FrameContent {
  readonly rows: readonly Row[];
  readonly state: ViewState;
  /** The processes behind the counter that was drilled into, the busiest first. */
  readonly processes: readonly ProcessRow[];
  course(counter: string): readonly number[];
  /** Alerts that fire, as written. */
  readonly firing: readonly string[];
  /** Our own share of one processor, 0 to 1. */
  readonly ownCpu: number;
  /** That of the programs in the kernel, where it is counted. */
  readonly programCpu?: number | undefined;
  readonly lost: number;
}

interface NumberColumn {
  readonly title: string;
  text(reading: Reading): string;
}

const FIGURE = 7;
/** As they stand; and which of them stay when there is little room, the first ones longest. */
const COLUMNS: Readonly<Record<string, NumberColumn>> = {
  total: { title: "TOTAL", text: ({ total }) => scaled(total) },
  rate: { title: "RATE /s", text: ({ rate }) => rateText(rate) },
  avg: { title: "AVG /s", text: ({ avg }) => rateText(avg) },
  ewma: { title: "EWMA /s", text: ({ ewma }) => rateText(ewma) },
  min: { title: "MIN /s", text: ({ min }) => rateText(min) },
  max: { title: "MAX /s", text: ({ max }) => rateText(max) },
};
const LASTING = ["rate", "total", "avg", "max", "ewma", "min"];
const MARK = 2;
const GAP = 2;
/** A course that is shorter says nothing. */
const LEAST_COURSE = 8;

const KEYS: readonly (readonly [key: string, what: string])[] = [
  ["q", "quit; the totals stay on the terminal"],
  ["p", "pause: the screen stands still, counting goes on"],
  ["r", "reset: start all figures over"],
  ["s", "sort by the next figure"],
  ["up, down", "select a counter"],
  ["Enter", "the processes behind it, and back"],
  ["?", "this help; any key leaves it"],
];

/** The lines of one frame. Rows give way first; heading and footer stay as long as they fit. */
export function frame(content: FrameContent, place: FramePlace): string[] {
  const { state } = content;
  const below = footer(content, place);
  const room = Math.max(1, place.rows - 2 - below.length);
  const title = `${place.title}${state.paused ? "  (paused)" : ""}`;
  const [head = "", ...body] = state.help
    ? helpLines()
    : state.drilled === undefined
      ? counterLines(content, place, room)
      : processLines(content, state.drilled, place);
  const shown = body.slice(0, room);
  const filling = Array<string>(Math.max(0, room - shown.length)).fill("");
  return [title, place.paint.heading(head), ...shown, ...filling, ...below].slice(0, place.rows);
}

function helpLines(): string[] {
  return ["KEY       WHAT IT DOES", ...KEYS.map(([key, what]) => `${pad(key, 8)}  ${what}`)];
}

function footer(content: FrameContent, { paint, columns }: FramePlace): string[] {
  const { state, firing, ownCpu, programCpu, lost } = content;
  const percent = (share: number) => `${(share * 100).toFixed(1)} %`;
  const programs = programCpu === undefined ? "" : `, programs ${percent(programCpu)}`;
  const losses = lost === 0 ? "lost nothing" : `lost ${lost}`;
  const own = `bpfkit ${percent(ownCpu)} CPU${programs}, ${losses}`;
  const keys = `sorted by ${state.order} - q p r s Enter ?`;
  const wide = own.length + keys.length + GAP <= columns;
  const status = wide ? `${pad(own, columns - keys.length)}${keys}` : own;
  return [...firing.map((text) => paint.loss(`ALERT ${text}`)), lost > 0 ? paint.loss(status) : status];
}

function counterLines({ rows, state, course }: FrameContent, place: FramePlace, room: number): string[] {
  const { columns, paint, ascii } = place;
  const nameWidth = Math.max(7, ...rows.map(({ counter }) => counter.length));
  const names = Math.min(nameWidth, Math.max(7, columns - MARK - GAP - FIGURE));
  const figures = fitting(columns - MARK - names);
  const used = MARK + names + figures.length * (GAP + FIGURE);
  const courseWidth = columns - used - GAP >= LEAST_COURSE ? columns - used - GAP : 0;
  const heading = figures.map((key) => pad((COLUMNS[key] as NumberColumn).title, FIGURE, "right"));
  const head = [`  ${pad("COUNTER", names)}`, ...heading, ...(courseWidth > 0 ? ["COURSE"] : [])].join("  ");
  const all = ordered(rows, state.order);
  const lines = visible(all, state.selected, room).map((row) => {
    const mark = row.alerts > 0 ? "! " : row.counter === state.selected ? "> " : "  ";
    const cells = figures.map((key) =>
      pad((COLUMNS[key] as NumberColumn).text(row.reading), FIGURE, "right"),
    );
    const drawn = courseWidth > 0 ? [sparkline(course(row.counter), courseWidth, ascii)] : [];
    const line = [
      mark + pad(truncate(row.counter, names, ascii ? "~" : "…"), names),
      ...cells,
      ...drawn,
    ].join("  ");
    if (row.alerts > 0) return paint.loss(line);
    return row.counter === state.selected ? paint.selected(line) : line;
  });
  return [head, ...lines];
}

/** The figures for which there is room, in their order. */
function fitting(width: number): string[] {
  const most = Math.max(1, Math.floor(width / (GAP + FIGURE)));
  const chosen = LASTING.slice(0, most);
  return Object.keys(COLUMNS).filter((key) => chosen.includes(key));
}

/** As many rows as there is room for, the selected one among them. */
function visible(rows: readonly Row[], selected: string | undefined, room: number): readonly Row[] {
  const at = rows.findIndex(({ counter }) => counter === selected);
  const from = Math.max(0, Math.min(at - room + 1, rows.length - room));
  return rows.slice(from, from + room);
}

function processLines({ processes }: FrameContent, drilled: string, { columns }: FramePlace): string[] {
  const names = Math.max(4, Math.min(16, columns - 8 - 2 * (GAP + FIGURE)));
  const head = `${pad("PID", 7, "right")}  ${pad("COMM", names)}  ${pad("TOTAL", FIGURE, "right")}  RATE /s  ${drilled}`;
  return [
    head,
    ...processes.map(({ pid, comm, total, rate }) =>
      [
        pad(String(pid), 7, "right"),
        pad(truncate(comm, names), names),
        pad(scaled(total), FIGURE, "right"),
        pad(rateText(rate), FIGURE, "right"),
      ].join("  "),
    ),
  ];
}
