/** The options of proc-count, and what follows from them. */
import { UsageError } from "../../core/errors";
import { parseSize } from "../../core/units";
import { groupStores } from "../../probes/exec-groups";
import { type ExecDimension, execDimensions } from "../../probes/exec-key";
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
import { availableColumns, type SortColumn, sortColumns } from "./order";

const group = "Executions";

const rows = rowOptions(sortColumns, { top: 20, sort: "count" as SortColumn });

export const options = {
  by: {
    flags: "--by <what>",
    help: `group by ${execDimensions.join(", ")}, or by several: parent,comm`,
    parse: parseBy,
    default: ["comm"] as readonly ExecDimension[],
    defaultText: "comm",
    group,
  },
  cost: {
    flags: "--cost",
    help: "what they cost: CPU time, switches, waiting, memory, I/O, faults, how they ended",
    group,
  },
  args: { flags: "--args", help: "by the command line too, captured as the program starts", group },
  exe: { flags: "--exe", help: "by the path of the executable too; with --events a column of it", group },
  events: { flags: "--events", help: "a line for each execution, as it happens", conflicts: ["cost"], group },
  exit: { flags: "--exit", help: "with --events: a line for each end too: age, status, cost", group },
  failed: {
    flags: "-x, --failed",
    help: "attempts that failed, with their error and path; with --events a line for each",
    conflicts: ["cost"],
    group,
  },
  tree: {
    flags: "--tree",
    help: "costs of each process with those of all that descend from it",
    conflicts: ["events", "failed", "by", "args", "exe", "flapping"],
    group,
  },
  flapping: {
    flags: "--flapping <n/min>",
    help: "command lines that fail more often than this in a minute",
    parse: parseFlapping,
    conflicts: ["events", "failed", "cost", "by"],
    group,
  },
  argsSize: {
    flags: "--args-size <bytes>",
    help: "how much of a command line is kept, up to 16K; what is cut is marked",
    parse: parseArgsSize,
    default: 4096,
    defaultText: "4K",
    group,
  },
  get: {
    flags: "--get <pid>",
    help: "the entry of this process only, with --by pid",
    parse: parsePid,
    group,
  },
  reset: {
    flags: "--reset",
    help: "with -i: empty the map at each report, so that it has room for what comes; loses nothing",
    group,
  },
  ...filterOptions,
  ...timingOptions,
  top: rows.top,
  sort: {
    flags: rows.sort.flags,
    help: rows.sort.help,
    parse: rows.sort.parse,
    defaultText: "count, with --cost cpu",
    group: "Output",
  },
  ...outputOptions(["table", "json", "ndjson", "csv"]),
  ...liveOption,
  ...timestampOptions,
  prometheus: { ...prometheusOption, conflicts: ["events", "failed", "flapping", "reset"] },
  ...mapOptions({
    kinds: groupStores,
    help: "hash, percpu (a value per CPU), lru (evicts when full)",
    kindDefault: "hash",
    entries: "groups, and with --cost threads, that there is room for",
    // The kernel allocates the map at once; 2^22 entries are gigabytes.
    mostEntries: 2 ** 22,
    entriesDefault: "10240, with --by args 2048",
  }),
  ...programOptions,
} as const satisfies OptionSpecs;

export type Options = OptionValues<typeof options>;

function parseBy(text: string, machine: Machine): readonly ExecDimension[] {
  return parseDimensions(text, execDimensions, machine);
}

function parseFlapping(text: string): number {
  const match = /^(\d{1,6})(?:\/min)?$/.exec(text);
  if (match === null)
    throw new UsageError(`flapping: "${text}" is not a number per minute`, { hint: "such as 5/min" });
  return Number(match[1]);
}

const MOST_ARGS = 16 * 1024;

function parseArgsSize(text: string): number {
  const size = parseSize(text, { name: "args-size" });
  if (size < 16 || size > MOST_ARGS)
    throw new UsageError(`args-size: ${size} is not from 16 to ${MOST_ARGS} bytes`);
  return Math.ceil(size / 8) * 8;
}

function parsePid(text: string): number {
  if (!/^\d{1,7}$/.test(text) || Number(text) === 0)
    throw new UsageError(`get: "${text}" is not a process id`);
  return Number(text);
}

/** What to group by, all options taken together. */
export function dimensionsOf({
  by,
  args,
  exe,
  tree,
}: Pick<Options, "by" | "args" | "exe" | "tree">): readonly ExecDimension[] {
  if (tree) return ["pid", "ppid"];
  const more: ExecDimension[] = [...(exe ? (["exe"] as const) : []), ...(args ? (["args"] as const) : [])];
  return [...by, ...more.filter((dimension) => !by.includes(dimension))];
}

/** Room for groups: with command lines an entry takes more than 4 KB. */
export function maxEntriesOf({ maxEntries, by, args }: Pick<Options, "maxEntries" | "by" | "args">): number {
  return maxEntries ?? (args || by.includes("args") ? 2048 : 10_240);
}

/** The order asked for: by count, or by CPU time where it is measured. */
export function sortOf({ sort, cost, tree }: Pick<Options, "sort" | "cost" | "tree">): SortOrder<SortColumn> {
  return sort ?? { column: cost || tree ? "cpu" : "count", reversed: false };
}

/** Options that contradict each other. */
export function check(given: Options): void {
  const { map, sort, get, reset, interval, tid, cpu, events, exit, failed, flapping, tree, live } = given;
  const cost = given.cost || tree;
  const by = dimensionsOf(given);
  if (exit && !events) throw new UsageError("exit: goes with --events");
  if ((events || failed || flapping !== undefined) && (interval !== undefined || live))
    throw new UsageError("interval: events come one by one, and are summed up at the end", {
      hint: "leave out -i and --live",
    });
  if (cost && map === "lru")
    throw new UsageError('map: "lru" does not go with --cost', {
      hint: "what is evicted would take its costs along; use hash or percpu with a larger --max-entries",
    });
  if (cost && (tid !== undefined || cpu !== undefined))
    throw new UsageError("cost: is that of whole processes on all processors", {
      hint: "leave out -t and -C",
    });
  if (get !== undefined && !by.includes("pid"))
    throw new UsageError("get: the table has no entry per process", { hint: "add --by pid" });
  if (reset && interval === undefined) throw new UsageError("reset: goes with -i", { hint: "add -i 1" });
  if (reset && cost)
    throw new UsageError("reset: does not go with --cost, whose processes go on", {
      hint: "leave out --reset",
    });
  const columns = availableColumns({ by, cost });
  if (sort !== undefined && !columns.includes(sort.column))
    throw new UsageError(`sort: this table has no column "${sort.column}"`, {
      hint: `it has ${columns.join(", ")}`,
    });
}
