/** How the values of a number are distributed, as a report: a row for each power of two. Pure. */
import { wholeText } from "../../output/figures";
import type { Column, Report } from "../../output/report";
import { BUCKETS, boundsOf } from "../../probes/log-histogram";
import type { Stats } from "../../probes/stats";
import { filteredSentences, type Span, type Unshown } from "./report";

interface RangeRow {
  readonly function: string;
  /** Both included; null where there is no bound. */
  readonly from: number | null;
  readonly to: number | null;
  readonly count: number;
}

export interface Distribution {
  readonly name: string;
  readonly stats: Stats;
}

/** The report of one stretch of time; `number` is what the values are of. */
export function distributionReport(
  all: readonly Distribution[],
  number: string,
  span: Span,
  unshown: Unshown,
): Report<RangeRow> {
  const called = all.filter(({ stats }) => stats.count > 0);
  const rows = called.flatMap(rangesOf);
  const count = called.reduce((sum, { stats }) => sum + stats.count, 0);
  return {
    ...span,
    columns: [
      {
        title: "function",
        key: "function",
        shrink: "end",
        text: (row) => row.function,
        json: (row) => row.function,
      },
      bound(`${number} from`, "from"),
      bound("to", "to"),
      {
        title: "count",
        key: "count",
        align: "right",
        text: (row) => wholeText(row.count),
        json: (row) => row.count,
      },
    ],
    rows,
    totals: { count, filtered: unshown.filtered, rows: rows.length },
    footer: [`Total: ${count} call${count === 1 ? "" : "s"}.`, ...filteredSentences(unshown)],
    lost: unshown.lost,
    chart: (row) => row.count,
  };
}

function bound(title: string, key: "from" | "to"): Column<RangeRow> {
  const value = (row: RangeRow) => row[key];
  return { title, key, align: "right", text: (row) => value(row)?.toFixed(0) ?? "-", json: value };
}

/** The highest bucket has no end. */
const LAST = BUCKETS - 1;

/** From the first range that has counted to the last: those in between are there too. */
function rangesOf({ name, stats }: Distribution): RangeRow[] {
  const byPower = new Map<number, number>();
  let positive = 0;
  for (let i = 0; i < stats.histogram.length; i += 2) {
    const power = powerOf(boundsOf(stats.histogram[i] as number).low);
    const count = stats.histogram[i + 1] as number;
    byPower.set(power, (byPower.get(power) ?? 0) + count);
    positive += count;
  }
  const powers = [...byPower.keys()];
  const rows: RangeRow[] = [];
  for (let power = Math.min(...powers); power <= Math.max(...powers); power++)
    rows.push({ function: name, ...rangeOf(power), count: byPower.get(power) ?? 0 });
  const negative = stats.count - positive;
  return negative === 0 ? rows : [{ function: name, from: null, to: -1, count: negative }, ...rows];
}

/** 0 for 0, 1 for 1, 2 for 2 and 3, 3 for 4 to 7. */
function powerOf(value: number): number {
  return value === 0 ? 0 : Math.floor(Math.log2(value)) + 1;
}

const TOP_POWER = powerOf(boundsOf(LAST).low);

function rangeOf(power: number): { from: number; to: number | null } {
  if (power === 0) return { from: 0, to: 0 };
  return { from: 2 ** (power - 1), to: power === TOP_POWER ? null : 2 ** power - 1 };
}
