/** The table that `--list` prints: what would be traced and how, and what would be left out. Pure. */
import type { Column, Report } from "../../output/report";
import type { Resolved } from "./resolve";

interface ListRow {
  readonly via: string;
  readonly function: string;
  /** As C or the kernel writes it; empty where nobody knows. */
  readonly prototype: string;
  /** Why it would be left out; empty for what would not. */
  readonly leftOut: string;
}

/** What each site is reached by, in the order of their numbers. */
export function viasOf({ syscalls, tracepoints, functions }: Resolved["sites"]): readonly string[] {
  return [
    ...syscalls.map(() => "sys_enter"),
    ...tracepoints.map(({ hook }) => hook.kind),
    ...functions.map(({ ways }) => ways[0]?.via ?? "-"),
  ];
}

export function listReport(resolved: Resolved, at: Date): Report<ListRow> {
  const { sites, names, skipped } = resolved;
  const vias = viasOf(sites);
  const rows = [
    ...names.map(({ name, params, prototype }, i) => ({
      via: vias[i] as string,
      function: name,
      prototype: prototype ?? `${name}(${params.map((param) => param.name).join(", ")})`,
      leftOut: "",
    })),
    ...skipped.map(({ name, reason }) => ({ via: "-", function: name, prototype: "", leftOut: reason })),
  ];
  return answer(resolved, columns, rows, at);
}

/** A report on what would be traced and what would be left out; nothing has been measured for it. */
export function answer<R>(
  { names, skipped }: Resolved,
  columns: readonly Column<R>[],
  rows: readonly R[],
  at: Date,
): Report<R> {
  return {
    startedAt: at,
    endedAt: at,
    durationNs: 0,
    columns,
    rows,
    totals: { rows: rows.length, leftOut: skipped.length },
    footer: [`${names.length} would be traced, ${skipped.length} left out.`],
    lost: {},
  };
}

const text = (title: string, key: keyof ListRow, show?: (row: ListRow) => string): Column<ListRow> => ({
  title,
  key,
  text: show ?? ((row) => row[key]),
  json: (row) => row[key],
});

/** For people a reason stands where the prototype would; programs get both. */
const columns: readonly Column<ListRow>[] = [
  text("via", "via"),
  text("function", "function"),
  { ...text("prototype", "prototype", (row) => row.leftOut || row.prototype), shrink: "end" },
  { ...text("left out", "leftOut", (row) => (row.leftOut === "" ? "" : "left out")) },
];
