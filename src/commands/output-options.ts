/** The options for what the output looks like and where it goes. `src/cli/output.ts` acts on them. */
import { UsageError } from "../core/errors";
import { timestampModes } from "../output/timestamps";
import { choice } from "./choice";
import type { OptionSpecs } from "./command";

const group = "Output";

/** A column to sort by, and whether the usual order of that column is reversed. */
export interface SortOrder<C extends string = string> {
  readonly column: C;
  readonly reversed: boolean;
}

const written = {
  json: { flags: "--json", help: "the same as --format json", conflicts: ["csv", "format"], group },
  csv: { flags: "--csv", help: "the same as --format csv", conflicts: ["json", "format"], group },
  output: {
    flags: "-o, --output <file>",
    help: "write to this file, as a whole or not at all; its ending chooses the format",
    group,
  },
} as const;

/** Where the output goes and in which of `formats`: for every command that reports rows. The first is the default. */
export function outputOptions<const F extends string>(formats: readonly F[]) {
  const help = `${formats.join(", ")} (default: ${formats[0]})`;
  const format = { flags: "-f, --format <name>", help, choices: formats, group } as const;
  return { format, ...written };
}

/** How many rows and in which order. */
export function rowOptions<const C extends string>(
  columns: readonly C[],
  defaults: { top: number; sort: C },
) {
  return {
    top: {
      flags: "-n, --top <rows>",
      help: "this many rows, 0 for all",
      parse: parseTop,
      default: defaults.top,
      group,
    },
    sort: {
      flags: "-s, --sort <column>",
      help: `order by ${columns.join(", ")}; -column reverses`,
      parse: (text: string) => parseSort(text, columns),
      default: { column: defaults.sort, reversed: false } as SortOrder<C>,
      defaultText: defaults.sort,
      group,
    },
  } as const;
}

/** How many rows: 0 is all, which is Infinity. */
export function parseTop(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new UsageError(`top: "${text}" is not a whole number of rows`);
  return Number(text) === 0 ? Number.POSITIVE_INFINITY : Number(text);
}

/** One of `columns`, perhaps after a `-`. */
export function parseSort<C extends string>(text: string, columns: readonly C[]): SortOrder<C> {
  const reversed = text.startsWith("-");
  return { column: choice("sort", reversed ? text.slice(1) : text, columns), reversed };
}

/** Redraw in place. */
export const liveOption = {
  live: { flags: "--live", help: "redraw in place; needs a terminal", conflicts: ["output"], group },
} as const satisfies OptionSpecs;

/** Which time stands above each report: with intervals the clock, unless given. */
export const timestampOptions = {
  timestamps: {
    flags: "--timestamps <kind>",
    help: "the time above each report: none, clock, iso, delta (since the one above)",
    choices: timestampModes,
    group,
  },
} as const satisfies OptionSpecs;

/** For every command that loads programs. */
export const programOptions = {
  dump: {
    flags: "--dump",
    help: "print the listing of the program and exit; needs no rights",
    group: "Program",
  },
  failOnLoss: { flags: "--fail-on-loss", help: "exit with 3 if anything was lost", group: "Program" },
} as const satisfies OptionSpecs;
