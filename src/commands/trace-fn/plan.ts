/** The table that `--plan` prints: how each function would be reached, and what would be left out. Pure. */
import type { Column, Report } from "../../output/report";
import { answer, viasOf } from "./list";
import type { Resolved } from "./resolve";

interface PlanRow {
  readonly function: string;
  readonly via: string;
  /** What is tried when the kernel refuses that, one after the other. */
  readonly next: string;
  /** Ways that are not taken, each with its reason. */
  readonly notBy: string;
  /** Why it would be left out; empty for what would not. */
  readonly leftOut: string;
}

export function planReport(resolved: Resolved, at: Date): Report<PlanRow> {
  const { sites, names, skipped } = resolved;
  const vias = viasOf(sites);
  const first = names.length - sites.functions.length;
  const rows = [
    ...names.map(({ name, unfit = [] }, i) => {
      const ways = sites.functions[i - first]?.ways ?? [];
      return {
        function: name,
        via: vias[i] as string,
        next: ways
          .slice(1)
          .map(({ via }) => via)
          .join(", "),
        notBy: unfit.map(({ via, reason }) => `${via}: ${reason}`).join("; "),
        leftOut: "",
      };
    }),
    ...skipped.map(({ name, reason }) => ({
      function: name,
      via: "-",
      next: "",
      notBy: "",
      leftOut: reason,
    })),
  ];
  return answer(resolved, columns, rows, at);
}

const column = (
  title: string,
  key: keyof PlanRow,
  show: (row: PlanRow) => string = (row) => row[key],
): Column<PlanRow> => ({ title, key, text: show, json: (row) => row[key] });

/** For people the reason of what is left out stands with the other reasons; programs get both. */
const columns: readonly Column<PlanRow>[] = [
  column("function", "function"),
  column("via", "via"),
  column("then", "next"),
  { ...column("not by", "notBy", (row) => row.leftOut || row.notBy), shrink: "end" },
  column("left out", "leftOut", (row) => (row.leftOut === "" ? "" : "left out")),
];
