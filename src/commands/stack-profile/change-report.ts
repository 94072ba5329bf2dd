/** From two profiles to a report: the functions whose share has changed. Pure. */
import { NS_PER } from "../../core/units";
import type { Column, Report } from "../../output/report";
import { comparison, type FunctionChange, functionChanges } from "../../output/stacks/diff";
import type { Profile } from "../../output/stacks/profile";

/** The functions of two profiles as a table, those first whose own share has changed most. */
export function changeReport(
  before: Profile,
  after: Profile,
  { top, footer }: { readonly top: number; readonly footer: readonly string[] },
): Report<FunctionChange> {
  const rows = functionChanges(comparison(before, after));
  const { startedAt, durationNs, lost } = after;
  return {
    startedAt,
    endedAt: new Date(startedAt.getTime() + durationNs / NS_PER.ms),
    durationNs,
    columns: [
      share("self", "selfAfter"),
      share("was", "selfBefore"),
      change("change", "selfBefore", "selfAfter"),
      share("total", "totalAfter"),
      share("was", "totalBefore"),
      change("change", "totalBefore", "totalAfter"),
      {
        title: "function",
        key: "function",
        shrink: "end",
        text: ({ name }) => name,
        json: ({ name }) => name,
      },
    ],
    rows: rows.slice(0, top),
    totals: {},
    footer: [`Compared with "${before.title}".`, ...footer],
    lost,
  };
}

type Share = Exclude<keyof FunctionChange, "name">;

function share(title: string, key: Share): Column<FunctionChange> {
  return {
    title,
    unit: "%",
    key: `${key}Share`,
    align: "right",
    text: (row) => percent(row[key]),
    json: (row) => row[key],
  };
}

function change(title: string, from: Share, to: Share): Column<FunctionChange> {
  const points = (row: FunctionChange) => row[to] - row[from];
  return {
    title,
    key: `${to}Change`,
    align: "right",
    text: (row) => (points(row) < 0 ? percent(points(row)) : `+${percent(points(row))}`),
    json: points,
  };
}

function percent(part: number): string {
  return (part * 100).toFixed(1);
}
