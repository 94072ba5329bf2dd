/** The options of syscall-top, and what follows from them. */
import { errnoNumber, errno as errnos } from "../../core/errno";
import { UsageError } from "../../core/errors";
import { didYouMean } from "../../core/suggest";
import type { Dimension } from "../../probes/group-key";
import { type Store, stores } from "../../probes/tally";
import { nativeAbi } from "../../symbols/syscalls";
import { selectSyscalls } from "../../symbols/syscalls/select";
import type { OptionSpecs, OptionValues } from "../command";
import { filterOptions } from "../filter-options";
import { mapOptions, parseDimensions } from "../group-options";
import type { Machine } from "../machine";
import {
  liveOption,
  outputOptions,
  programOptions,
  rowOptions,
  type SortOrder,
  timestampOptions,
} from "../output-options";
import { prometheusOption } from "../prometheus";
import { timingOptions } from "../timing-options";
import { countsFailuresOnly, indexedDimension } from "./probe";
import { availableColumns, type SortColumn, sortColumns } from "./report";

const dimensions = [
  "syscall",
  "process",
  "thread",
  "comm",
  "cgroup",
  "container",
  "errno",
] as const satisfies readonly Dimension[];

const group = "System calls";

const rows = rowOptions(sortColumns, { top: 15, sort: "count" as SortColumn });

export const options = {
  by: {
    flags: "--by <what>",
    help: `group by ${dimensions.join(", ")}, or by several: process,syscall`,
    parse: parseBy,
    default: ["syscall"] as readonly Dimension[],
    defaultText: "syscall",
    group,
  },
  syscall: {
    flags: "--syscall <list>",
    help: "these only: names, #numbers, %groups, /expressions/; ! excludes",
    parse: (text: string) => selectSyscalls(text, nativeAbi(process.arch)),
    group,
  },
  latency: { flags: "--latency", help: "how long they take: total, average, percentiles, maximum", group },
  errors: { flags: "--errors", help: "a column of how many failed", group },
  failed: { flags: "-x, --failed", help: "only those that failed", group },
  errno: {
    flags: "--errno <name>",
    help: "only those that failed with this error",
    parse: parseErrno,
    group,
  },
  inFlight: { flags: "--in-flight", help: "the calls that have not returned yet, with their age", group },
  list: { flags: "--list", help: "list the system calls of this architecture and exit", group },
  ...filterOptions,
  ...timingOptions,
  top: rows.top,
  sort: {
    flags: rows.sort.flags,
    help: rows.sort.help,
    parse: rows.sort.parse,
    defaultText: "count, with --latency total",
    group: "Output",
  },
  ...outputOptions(["table", "json", "ndjson", "csv"]),
  ...liveOption,
  ...timestampOptions,
  prometheus: { ...prometheusOption, conflicts: ["inFlight"] },
  chart: { flags: "--chart", help: "draw a bar per row", group: "Output" },
  ...mapOptions({
    kinds: stores,
    help: "array (by syscall or errno alone), hash, percpu (a value per CPU), lru (evicts when full)",
    kindDefault: "array where it applies, else hash",
    entries: "groups the hash map has room for",
    // The kernel allocates the map at once; 2^24 entries of the smallest size are more than a GiB.
    mostEntries: 2 ** 24,
    entriesDefault: "10240, with --latency 4096",
  }),
  ...programOptions,
} as const satisfies OptionSpecs;

export type Options = OptionValues<typeof options>;

function parseBy(text: string, machine: Machine): readonly Dimension[] {
  const by = parseDimensions(text, dimensions, machine);
  if (by.includes("thread") && by.includes("process"))
    throw new UsageError('by: "thread" shows the process already', { hint: "use --by thread" });
  return by;
}

function parseErrno(text: string): number {
  const number = errnoNumber(text);
  if (number === undefined || number === 0 || number > 4095)
    throw new UsageError(`errno: no error "${text}"`, {
      hint: didYouMean(text.toUpperCase(), Object.keys(errnos)),
    });
  return number;
}

/** The store that was asked for, or the best one for what is counted. */
export function storeOf({ map, by }: Pick<Options, "map" | "by">): Store {
  return map ?? (indexedDimension(by) === undefined ? "hash" : "array");
}

/** Room for groups: with histograms an entry takes 2.7 KB. */
export function maxEntriesOf({ maxEntries, latency }: Pick<Options, "maxEntries" | "latency">): number {
  return maxEntries ?? (latency ? 4096 : 10_240);
}

/** The order asked for: by count, or by time where times are measured. */
export function sortOf({ sort, latency }: Pick<Options, "sort" | "latency">): SortOrder<SortColumn> {
  return sort ?? { column: latency ? "total" : "count", reversed: false };
}

/** Options that contradict each other. */
export function check(given: Options): void {
  const { by, map, inFlight, latency, errors, sort } = given;
  if (map === "array" && indexedDimension(by) === undefined)
    throw new UsageError(`map: "array" does not go with --by ${by.join(",")}`, {
      hint: "an array has a place per number: it goes with --by syscall or --by errno; use hash, percpu or lru",
    });
  if (inFlight && (latency || errors || countsFailuresOnly({ ...given, failedOnly: given.failed })))
    throw new UsageError("in-flight: calls that have not returned have no result and no latency", {
      hint: "leave out --latency, --errors, -x, --errno and --by errno",
    });
  if (inFlight && (by.join() !== "syscall" || sort !== undefined))
    throw new UsageError("in-flight: shows every call by itself, the oldest first", {
      hint: "leave out --by and --sort",
    });
  const columns = availableColumns({ by, latency, errors });
  if (sort !== undefined && !columns.includes(sort.column))
    throw new UsageError(`sort: this table has no column "${sort.column}"`, {
      hint: `it has ${columns.join(", ")}`,
    });
}
