/** The rows as reports: one of all for programs to read, or one for each section for people. Pure. */
import type { Column, Json, Report } from "../../output/report";
import { type DoctorRow, type RowState, rowStates, type Section, sections } from "./row";

/** When doctor looked, and how long it took. */
export interface Examination {
  readonly startedAt: Date;
  readonly endedAt: Date;
  readonly durationNs: number;
}

/** Everything in one report. */
export function wholeReport(rows: readonly DoctorRow[], examination: Examination): Report<DoctorRow> {
  const column = (key: keyof DoctorRow): Column<DoctorRow> => ({
    title: key,
    key,
    text: (row) => row[key] ?? "",
    json: (row): Json => row[key] ?? null,
  });
  const keys = ["section", "name", "state", "title", "detail", "since", "remedy"] as const;
  return {
    ...examination,
    columns: keys.map(column),
    rows,
    totals: Object.fromEntries(rowStates.map((state) => [state, count(rows, state)])),
    footer: [],
    lost: {},
  };
}

function count(rows: readonly DoctorRow[], state: RowState): number {
  return rows.filter((row) => row.state === state).length;
}

/** A report for each section that has rows, narrow enough for a terminal; reasons and remedies stand below. */
export function sectionReports(rows: readonly DoctorRow[], examination: Examination): Report<DoctorRow>[] {
  return sections.flatMap((section) => {
    const own = rows.filter((row) => row.section === section);
    return own.length === 0 ? [] : [sectionReport(section, own, examination)];
  });
}

function sectionReport(
  section: Section,
  rows: readonly DoctorRow[],
  examination: Examination,
): Report<DoctorRow> {
  const isFact = rows.every(({ since }) => since === undefined) && section !== "commands";
  return {
    ...examination,
    columns: [
      { title: section, key: "name", text: (row) => row.name, json: (row) => row.name },
      {
        title: "state",
        key: "state",
        text: ({ state }) => (state === "info" ? "" : state),
        json: (row) => row.state,
      },
      {
        title: isFact ? "found" : "what",
        key: "detail",
        shrink: "end",
        text: ({ state, title, detail }) => (isFact || state === "info" ? detail : title),
        json: (row) => row.detail,
      },
    ],
    rows,
    totals: {},
    footer: isFact ? remedies(rows) : [...reasons(rows), ...(section === "commands" ? remedies(rows) : [])],
    lost: {},
  };
}

/** Why something is not there: a sentence for each reason. */
function reasons(rows: readonly DoctorRow[]): string[] {
  const byReason = new Map<string, string[]>();
  for (const { name, state, detail, since } of rows) {
    if (detail === "" || state === "info") continue;
    const release = state === "missing" && since !== undefined ? `; in Linux since ${since}` : "";
    const reason = `${detail}${release}`;
    byReason.set(reason, [...(byReason.get(reason) ?? []), name]);
  }
  return [...byReason].map(([reason, names]) => `${namesText(names)}: ${reason}`);
}

const MOST_NAMES = 4;

function namesText(names: readonly string[]): string {
  const shown = names.slice(0, MOST_NAMES).join(", ");
  return names.length > MOST_NAMES ? `${shown} and ${names.length - MOST_NAMES} more` : shown;
}

/** What mends it. */
function remedies(rows: readonly DoctorRow[]): string[] {
  return rows.flatMap(({ name, remedy }) => {
    const [first, ...others] = remedy?.split("\n") ?? [];
    if (first === undefined) return [];
    return [`${name}: mend it with: ${first}`, ...others.map((line) => `  or: ${line}`)];
  });
}
