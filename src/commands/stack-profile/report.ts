/** From a profile to a report: the functions it is spent in. Pure. */
import { NS_PER } from "../../core/units";
import { percentText, timeScale, wholeText } from "../../output/figures";
import type { Column, Json, Report } from "../../output/report";
import { type CallTree, callTree } from "../../output/stacks/call-tree";
import { type FunctionTotals, functionTotals } from "../../output/stacks/functions";
import { type Profile, totalWeight } from "../../output/stacks/profile";
import { truncate } from "../../output/width";
import type { SortOrder } from "../output-options";

/** What a table can be sorted by. */
export const sortColumns = ["self", "total", "function", "module"] as const;
export type SortColumn = (typeof sortColumns)[number];

export interface ReportOptions {
  /** A column of groups: every group has functions of its own. */
  readonly grouped: boolean;
  readonly top: number;
  readonly sort: SortOrder<SortColumn>;
  /** Figures about the run besides those of the profile. */
  readonly figures: Readonly<Record<string, Json>>;
  readonly footer: readonly string[];
}

/** A function in a group. */
export interface FunctionRow extends FunctionTotals {
  readonly group: string;
}

/** The functions of a profile as a table. */
export function functionReport(profile: Profile, options: ReportOptions): Report<FunctionRow> {
  const all = totalWeight(profile);
  const tree = callTree(profile);
  const functions = options.grouped ? functionsByGroup(profile) : functionsOf(tree, "");
  const rows = sorted(functions, options.sort);
  const shown = rows.slice(0, options.top);
  return {
    ...spanOf(profile),
    columns: functionColumns(profile, all, shown, options.grouped),
    rows: shown,
    totals: { ...totalsOf(profile, tree), ...options.figures, rows: rows.length, shownRows: shown.length },
    footer: [...stackLines(tree), ...options.footer],
    lost: profile.lost,
  };
}

function spanOf({ startedAt, durationNs }: Profile) {
  return { startedAt, endedAt: new Date(startedAt.getTime() + durationNs / NS_PER.ms), durationNs };
}

function totalsOf(profile: Profile, tree: CallTree): Record<string, Json> {
  const samples = profile.samples.count.reduce((sum, count) => sum + count, 0);
  return {
    measure: profile.measure,
    unit: profile.unit,
    samples,
    weight: totalWeight(profile),
    stacks: differentStacks(tree),
  };
}

/** How many stacks there are when only the functions' names count. */
export function differentStacks({ self }: CallTree): number {
  return self.reduce((count, weight) => count + (weight > 0 ? 1 : 0), 0);
}

function functionsOf(tree: CallTree, group: string): FunctionRow[] {
  return functionTotals(tree).map((totals) => ({ ...totals, group }));
}

function functionsByGroup(profile: Profile): FunctionRow[] {
  const labels = new Map<string, number[]>();
  for (let at = 0; at < profile.samples.length; at++) {
    const label = profile.groups[profile.samples.group[at] as number]?.label ?? "";
    const samples = labels.get(label);
    if (samples === undefined) labels.set(label, [at]);
    else samples.push(at);
  }
  return [...labels].flatMap(([label, samples]) =>
    functionsOf(callTree(onlySamples(profile, samples)), label),
  );
}

function onlySamples(profile: Profile, at: readonly number[]): Profile {
  const { samples } = profile;
  return {
    ...profile,
    samples: {
      length: at.length,
      group: Int32Array.from(at, (index) => samples.group[index] as number),
      stack: Int32Array.from(at, (index) => samples.stack[index] as number),
      weight: Float64Array.from(at, (index) => samples.weight[index] as number),
      count: Float64Array.from(at, (index) => samples.count[index] as number),
    },
  };
}

function sorted(rows: readonly FunctionRow[], { column, reversed }: SortOrder<SortColumn>): FunctionRow[] {
  const value = (row: FunctionRow) =>
    column === "self" || column === "total"
      ? -row[column]
      : ((column === "module" ? row.function.module : row.function.name) ?? "");
  const direction = reversed ? -1 : 1;
  const compare = (a: string | number, b: string | number) => (a < b ? -1 : a > b ? 1 : 0);
  return [...rows].sort(
    (a, b) =>
      direction * compare(value(a), value(b)) ||
      b.total - a.total ||
      compare(a.group, b.group) ||
      compare(a.function.name, b.function.name),
  );
}

function functionColumns(
  profile: Profile,
  all: number,
  shown: readonly FunctionRow[],
  grouped: boolean,
): Column<FunctionRow>[] {
  const text = weightText(profile, Math.max(0, ...shown.map(({ total }) => total)));
  const weight = (key: "self" | "total"): Column<FunctionRow>[] => [
    {
      title: key,
      unit: "%",
      key: `${key}Share`,
      align: "right",
      text: (row) => percentText(all === 0 ? Number.NaN : row[key] / all),
      json: (row) => (all === 0 ? 0 : Math.round((row[key] / all) * 1e6) / 1e6),
    },
    {
      title: text.isTime ? key : text.unit,
      unit: text.isTime ? text.unit : undefined,
      key: `${key}${KEY_SUFFIX[profile.unit]}`,
      align: "right",
      text: (row) => text.of(row[key]),
      json: (row) => row[key],
    },
  ];
  return [
    ...(grouped
      ? [
          {
            title: "group",
            key: "group",
            shrink: "end" as const,
            text: ({ group }: FunctionRow) => group,
            json: ({ group }: FunctionRow) => group,
          },
        ]
      : []),
    ...weight("self"),
    ...weight("total"),
    {
      title: "function",
      key: "function",
      shrink: "end",
      text: ({ function: { name } }) => name,
      json: ({ function: { name } }) => name,
    },
    {
      title: "module",
      key: "module",
      shrink: "start",
      text: ({ function: { module = "" } }) => module.slice(module.lastIndexOf("/") + 1),
      json: ({ function: { module = "" } }) => module,
    },
  ];
}

const KEY_SUFFIX = { samples: "Samples", nanoseconds: "Ns", bytes: "Bytes", count: "Count" } as const;

interface WeightText {
  readonly unit: string;
  /** Its column is called like the share's; otherwise the unit says enough. */
  readonly isTime: boolean;
  of(weight: number): string;
}

function weightText({ unit }: Profile, largest: number): WeightText {
  if (unit !== "nanoseconds") return { unit, isTime: false, of: wholeText };
  const scale = timeScale(largest);
  return { unit: scale.unit, isTime: true, of: scale.text };
}

/** How many of the heaviest stacks stand under a table. */
const HEAVIEST = 3;
const WIDTH = 80;

function stackLines(tree: CallTree): string[] {
  const { self, label, labels, parent } = tree;
  const all = tree.total[0] as number;
  const heaviest = Array.from(self, (_, node) => node)
    .filter((node) => (self[node] as number) > 0)
    .sort((a, b) => (self[b] as number) - (self[a] as number) || a - b)
    .slice(0, HEAVIEST);
  if (heaviest.length === 0) return [];
  const line = (node: number) => {
    const names: string[] = [];
    for (let at = node; at > 0; at = parent[at] as number)
      names.push(labels[label[at] as number]?.name ?? "");
    const share = percentText((self[node] as number) / all).padStart(5);
    return truncate(`${share} %  ${names.join(" < ")}`, WIDTH, "…");
  };
  return ["The heaviest stacks, innermost first:", ...heaviest.map(line), ""];
}
