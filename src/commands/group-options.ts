/** The options of commands that count in groups: by what, in which kind of map, and with how much room. */
import { UsageError } from "../core/errors";
import { choice } from "./choice";
import type { OptionSpecs } from "./command";
import { mountOf } from "./filter-options";
import type { Machine } from "./machine";

/** What to group by, such as `parent,comm`: each of these once. Cgroups need their mount, to be named. */
export function parseDimensions<const D extends string>(
  text: string,
  dimensions: readonly D[],
  machine: Machine,
): readonly D[] {
  const by = text.split(",").map((part) => choice("by", part.trim(), dimensions));
  const twice = by.find((dimension, i) => by.indexOf(dimension) !== i);
  if (twice !== undefined) throw new UsageError(`by: "${twice}" is there twice`);
  const [isByCgroup, isByContainer] = ["cgroup", "container"].map((name) => by.includes(name as D));
  if (isByCgroup && isByContainer) throw new UsageError('by: "cgroup" and "container" exclude each other');
  if (isByCgroup || isByContainer) mountOf("by", machine);
  return by;
}

/** What a command's map can be. */
interface MapChoice<K extends string> {
  readonly kinds: readonly K[];
  /** What the kinds are, and which one it is unless told. */
  readonly help: string;
  readonly kindDefault: string;
  /** What there is room for, and for how many of it: at most, and unless told. */
  readonly entries: string;
  readonly mostEntries: number;
  readonly entriesDefault: string;
}

/** `--map` and `--max-entries`. */
export function mapOptions<const K extends string>(of: MapChoice<K>) {
  const group = "Program";
  return {
    map: {
      flags: "--map <kind>",
      help: `where to count: ${of.help}`,
      choices: of.kinds,
      defaultText: of.kindDefault,
      group,
    },
    maxEntries: {
      flags: "--max-entries <n>",
      help: `${of.entries}; what does not fit is counted as lost`,
      parse: (text: string) => parseMaxEntries(text, of.mostEntries),
      defaultText: of.entriesDefault,
      group,
    },
  } as const satisfies OptionSpecs;
}

function parseMaxEntries(text: string, most: number): number {
  const entries = Number(text);
  if (!/^\d+$/.test(text) || entries < 1 || entries > most)
    throw new UsageError(`max-entries: "${text}" is not a number from 1 to ${most}`);
  return entries;
}
