/** The options of trace-fn, and what follows from them. */
import { UsageError } from "../../core/errors";
import { formatSize, parseDuration, parseSize } from "../../core/units";
import { decidesAtReturn, type Mode } from "../../probes/calls/call-plan";
import { functionVias } from "../../probes/calls/function-ways";
import { formNames } from "../../probes/calls/value-form";
import { DURATION_NAME, needsReturn, parseFilter, parseNumberName } from "../../probes/conditions/condition";
import { checkStackSize, DEFAULT_STACK_SIZE } from "../../probes/user-stack-copy";
import type { OptionSpecs, OptionValues } from "../command";
import { filterOptions } from "../filter-options";
import { outputOptions, programOptions, rowOptions } from "../output-options";
import { timingOptions } from "../timing-options";
import { joinArguments, parseArguments } from "./argument-option";
import { formats } from "./format-choice";
import { namespaceOptions } from "./namespace-options";
import { sortColumns } from "./report";

const group = "Calls";

const rows = rowOptions(sortColumns, { top: Number.POSITIVE_INFINITY, sort: "count" });

/** A second of a busy process fits in while nobody reads. */
const BUFFER = 32 * 1024 * 1024;
/** The kernel refuses rings that it could not allocate anyway; a page is the least. */
const BUFFER_BOUNDS = { least: 4096, most: 1024 ** 3 };

const STRING_SIZE = 128;
const MOST_STRING = 4096;

export const options = {
  list: { flags: "--list", help: "list what would be traced and how, with prototypes, and exit", group },
  plan: {
    flags: "--plan",
    help: "list how each function would be reached, what is left out and why, and exit",
    conflicts: ["list"],
    group,
  },
  ret: { flags: "--ret", help: "wait for the return: the result, and how long the call took", group },
  slower: {
    flags: "--slower <time>",
    help: "only calls that take at least this long; with result and time",
    parse: (text: string) => parseDuration(text, { name: "slower" }),
    conflicts: ["count"],
    group,
  },
  filter: {
    flags: "--filter <condition>",
    help: "only calls of which this holds: 'count > 4096 && ret < 0', 'flags & O_CREAT && filename == \"/etc/*\"'",
    parse: parseFilter,
    group,
  },
  count: {
    flags: "--count",
    help: "count the calls of each function instead",
    conflicts: ["latency", "ret"],
    group,
  },
  latency: {
    flags: "--latency",
    help: "how long the calls of each function take instead: total, average, percentiles, maximum",
    conflicts: ["ret"],
    group,
  },
  hist: {
    flags: "--hist",
    help: "with --latency: how the times are distributed, as --dist duration",
    conflicts: ["dist"],
    group,
  },
  dist: {
    flags: "--dist <name>",
    help: "the distribution of a number instead: an argument, ret or duration",
    parse: (text: string) => parseNumberName(text).text,
    conflicts: ["count", "latency", "ret"],
    group,
  },
  graph: {
    flags: "--graph",
    help: "which calls contain which: their tree by thread, with the time of each and its own part of it",
    conflicts: ["count", "latency", "ret", "dist", "stacks"],
    group,
  },
  stacks: {
    flags: "--stacks",
    help: "the stacks that the calls are made with instead, counted; with --slower those of slow calls",
    conflicts: ["count", "latency", "ret", "dist"],
    group,
  },
  kernelOnly: {
    flags: "-K, --kernel-only",
    help: "with --stacks: the kernel's half only",
    conflicts: ["userOnly"],
    group,
  },
  userOnly: { flags: "-U, --user-only", help: "with --stacks: the user's half only", group },
  unwind: {
    flags: "--unwind <how>",
    help: "with --stacks: user stacks along frame pointers (fp), or by unwind information (dwarf), which costs more",
    choices: ["fp", "dwarf"] as const,
    default: "fp",
    group,
  },
  stackSize: {
    flags: "--stack-size <bytes>",
    help: "with --unwind dwarf: how much of each user stack is copied, a multiple of 8",
    parse: (text: string) => checkStackSize(Number(text)),
    default: DEFAULT_STACK_SIZE,
    group,
  },
  sample: {
    flags: "--sample <1/n>",
    help: "one of n calls only, chosen by chance",
    parse: parseSample,
    group,
  },
  arg: {
    flags: "--arg <list>",
    help: `only these arguments: 1:str,size=2:u64,ret:d, 'file->f_inode->i_ino'; forms are ${formNames.join(", ")}`,
    parse: parseArguments,
    collect: joinArguments,
    group,
  },
  maxEvents: {
    flags: "--max-events <n>",
    help: "end after so many calls",
    parse: parseMaxEvents,
    conflicts: ["count", "latency", "dist", "stacks"],
    group,
  },
  string: {
    flags: "--string <bytes>",
    help: "keep so much of each string",
    parse: parseStringSize,
    default: STRING_SIZE,
    group,
  },
  via: {
    flags: "--via <hook>",
    help: "reach functions by this mechanism only",
    choices: functionVias,
    defaultText: "the cheapest that the kernel has, then the next",
    group,
  },
  force: { flags: "--force", help: "no warning when calls come very fast", group },
  ...filterOptions,
  ...namespaceOptions,
  ...timingOptions,
  top: {
    flags: rows.top.flags,
    help: rows.top.help,
    parse: rows.top.parse,
    defaultText: "all, of stacks 10",
    group: "Output",
  },
  sort: {
    flags: rows.sort.flags,
    help: rows.sort.help,
    parse: rows.sort.parse,
    defaultText: "count, with --latency total",
    group: "Output",
  },
  ...outputOptions(formats),
  buffer: {
    flags: "--buffer <size>",
    help: "room for calls that wait to be written; a power of two",
    parse: parseBuffer,
    default: BUFFER,
    defaultText: formatSize(BUFFER),
    group: "Program",
  },
  ...programOptions,
} as const satisfies OptionSpecs;

export type Options = OptionValues<typeof options>;

function parseSample(text: string): number {
  const [, digits = ""] = /^1\/(\d{1,7})$/.exec(text) ?? [];
  if (Number(digits) < 1)
    throw new UsageError(`sample: "${text}" is not like 1/100`, { hint: "one of n calls is written 1/n" });
  return Number(digits);
}

function parseMaxEvents(text: string): number {
  if (!/^\d{1,12}$/.test(text) || Number(text) === 0)
    throw new UsageError(`max-events: "${text}" is not a whole number from 1`);
  return Number(text);
}

/** Rounded up to whole words, which slots in records consist of. */
function parseStringSize(text: string): number {
  const size = parseSize(text, { name: "string" });
  if (size > MOST_STRING) throw new UsageError(`string: "${text}" is above ${MOST_STRING} bytes`);
  return Math.ceil(size / 8) * 8;
}

function parseBuffer(text: string): number {
  const size = parseSize(text, { name: "buffer" });
  const { least, most } = BUFFER_BOUNDS;
  if (size < least || size > most || !Number.isInteger(Math.log2(size)))
    throw new UsageError(
      `buffer: "${text}" is not a power of two from ${formatSize(least)} to ${formatSize(most)}`,
    );
  return size;
}

const MODES = ["count", "latency", "hist", "dist", "stacks", "graph"] as const;

/** The number whose distribution is wanted. */
export function numberOf({ hist, dist }: Pick<Options, "hist" | "dist">): string | undefined {
  return hist ? DURATION_NAME : dist;
}

/** What is done with calls. */
export function modeOf({
  count,
  latency,
  hist,
  dist,
  stacks,
  graph,
}: Pick<Options, (typeof MODES)[number]>): Mode {
  if (stacks) return "stacks";
  if (graph) return "graph";
  if (count) return "count";
  if (dist !== undefined || hist) return "dist";
  return latency ? "latency" : "events";
}

/** Whether calls are followed to their end because of what is asked for. */
export function waitsForReturn({ ret, graph, latency, slower, filter, dist }: Options): boolean {
  const asked = [filter, dist === undefined ? undefined : parseNumberName(dist)];
  const asksLater = asked.some((each) => each !== undefined && needsReturn(each));
  return ret || graph || latency || slower !== undefined || asksLater;
}

/** Whether only the return of a call tells that it is not shown. */
export function isDecidedAtReturn({ slower, filter }: Options): boolean {
  return decidesAtReturn({ slowerNs: slower, where: filter });
}

/** Options that contradict each other. */
export function check(given: Options): void {
  const mode = modeOf(given);
  const isCounting = mode !== "events" && mode !== "graph";
  if (!isCounting && given.interval !== undefined)
    throw new UsageError("interval: calls are shown as they come", {
      hint: "it goes with --count, --latency, --dist and --stacks",
    });
  if (!isCounting && given.sort !== undefined)
    throw new UsageError("sort: calls are shown in the order they come", {
      hint: "it goes with --count and --latency",
    });
  if (given.hist && !given.latency)
    throw new UsageError("hist: no times are taken", { hint: "use it with --latency, or --dist NAME" });
  if (numberOf(given) !== undefined && given.sort !== undefined)
    throw new UsageError("sort: a distribution is in the order of its numbers");
  if (given.stacks && given.sort !== undefined)
    throw new UsageError("sort: stacks are shown in the order of their counts");
  const ofStacks = given.kernelOnly ? "kernel-only" : given.userOnly ? "user-only" : undefined;
  if (given.unwind !== "dwarf" && given.stackSize !== DEFAULT_STACK_SIZE)
    throw new UsageError("stack-size: no stacks are copied", { hint: "use it with --unwind dwarf" });
  if (!given.stacks && (ofStacks !== undefined || given.unwind !== "fp"))
    throw new UsageError(`${ofStacks ?? "unwind"}: no stacks are taken`, { hint: "use it with --stacks" });
  if (given.unwind === "dwarf" && given.kernelOnly)
    throw new UsageError("unwind: --kernel-only leaves user stacks out");
  if (given.count && given.sort !== undefined && !["count", "function"].includes(given.sort.column))
    throw new UsageError(`sort: a count has no column "${given.sort.column}"`, {
      hint: "it has count and function; --latency has the others",
    });
}
