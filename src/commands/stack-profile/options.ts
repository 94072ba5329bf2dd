/** The options of stack-profile, and what follows from them. */
import type { KernelFacts } from "../../bpf/facts";
import { UsageError } from "../../core/errors";
import { parseDuration } from "../../core/units";
import type { WeightUnit } from "../../output/stacks/profile";
import { type OffCpuState, offCpuStates } from "../../probes/off-cpu";
import { type StackDimension, stackDimensions } from "../../probes/stack-tally";
import { hasWaits, type Measure } from "../../probes/stacks/collector";
import { MOST_ARGUMENTS } from "../../probes/targets/event-site";
import { canCopyUserStack, checkStackSize, DEFAULT_STACK_SIZE } from "../../probes/user-stack-copy";
import { choice } from "../choice";
import type { OptionSpecs, OptionValues } from "../command";
import { filterOptions, mountOf } from "../filter-options";
import type { Machine } from "../machine";
import { liveOption, outputOptions, programOptions, rowOptions, timestampOptions } from "../output-options";
import { timingOptions } from "../timing-options";
import { sortColumns } from "./report";

/** By unwind information, along frame pointers, or the first where the kernel allows it. */
const unwindWays = ["auto", "dwarf", "fp"] as const;

const what = "What is profiled";
const stacks = "Stacks";

export const options = {
  freq: {
    flags: "-F, --freq <hz>",
    help: "samples a second on each processor",
    parse: (text: string) => wholeNumber("freq", text, 100_000),
    default: 49,
    group: what,
  },
  offCpu: {
    flags: "--off-cpu",
    help: "the time that tasks wait, by the stack they wait in",
    conflicts: ["wall"],
    group: what,
  },
  wakeup: {
    flags: "--wakeup",
    help: "the time that tasks wait, by the stack that wakes them; with --off-cpu by both",
    conflicts: ["wall", "on"],
    group: what,
  },
  wall: { flags: "--wall", help: "the time on and off the processor in one profile", group: what },
  min: {
    flags: "--min <time>",
    help: "with --off-cpu, --wakeup and --wall: only waits of at least this: 1ms, 100us",
    parse: (text: string) => parseDuration(text, { name: "min", allowZero: true }),
    group: what,
  },
  state: {
    flags: "--state <list>",
    help: `with --off-cpu and --wakeup: only waits in these states: ${offCpuStates.join(", ")}`,
    parse: parseStates,
    defaultText: "all but preempted",
    group: what,
  },
  on: {
    flags: "--on <target>",
    help: "stacks at an event instead: vfs_read, s:openat, t:sched:sched_switch, libc:malloc",
    conflicts: ["offCpu", "wall"],
    group: what,
  },
  weight: {
    flags: "--weight <arg>",
    help: "with --on: add up an argument, such as a size, instead of counting: arg1 to arg6",
    parse: parseWeight,
    group: what,
  },
  idle: { flags: "--idle", help: "count idle processors, too", group: what },
  kernelOnly: {
    flags: "-K, --kernel-only",
    help: "the kernel's half of stacks only",
    conflicts: ["userOnly"],
    group: stacks,
  },
  userOnly: { flags: "-U, --user-only", help: "the user's half of stacks only", group: stacks },
  by: {
    flags: "--by <what>",
    help: `a profile for each ${stackDimensions.join(", ")}`,
    parse: parseBy,
    defaultText: "comm, all in one table",
    group: stacks,
  },
  unwind: {
    flags: "--unwind <how>",
    help: `how user stacks are found: ${unwindWays.join(", ")}`,
    parse: (text: string) => choice("unwind", text, unwindWays),
    default: "auto",
    group: stacks,
  },
  stackSize: {
    flags: "--stack-size <bytes>",
    help: "how much of each user stack is copied to be unwound, a multiple of 8",
    parse: (text: string) => checkStackSize(Number(text)),
    default: DEFAULT_STACK_SIZE,
    group: stacks,
  },
  maxStacks: {
    flags: "--max-stacks <n>",
    help: "different stacks there is room for; what does not fit is counted as lost",
    parse: (text: string) => wholeNumber("max-stacks", text, 2 ** 20),
    default: 16_384,
    group: stacks,
  },
  ...filterOptions,
  ...timingOptions,
  from: {
    flags: "--from <file>",
    help: "take the profile from this file, folded or our JSON, instead of tracing; needs no rights",
    group: "Output",
  },
  diff: {
    flags: "--diff <file>",
    help: "show what has changed since this profile: folded, svg, html",
    group: "Output",
  },
  tree: { flags: "--tree", help: "the tree of calls", group: "Output" },
  ...rowOptions(sortColumns, { top: 15, sort: "self" }),
  ...outputOptions([
    ...["table", "json", "ndjson", "csv", "folded", "svg", "html", "speedscope", "pprof", "cpuprofile"],
  ] as const),
  annotate: {
    flags: "--annotate",
    help: "mark frames in folded stacks: _[k] kernel, _[j] JIT, _[i] inlined, _[w] waker",
    group: "Output",
  },
  ...liveOption,
  ...timestampOptions,
  ...programOptions,
} as const satisfies OptionSpecs;

export type Options = OptionValues<typeof options>;

function parseBy(text: string, machine: Machine): StackDimension {
  const by = choice("by", text, stackDimensions);
  if (by === "cgroup" || by === "container") mountOf("by", machine);
  return by;
}

function parseStates(text: string): readonly OffCpuState[] {
  return text.split(",").map((part) => choice("state", part.trim(), offCpuStates));
}

/** The argument's index, from 0. */
function parseWeight(text: string): number {
  const [, digits] = /^arg(\d)$/.exec(text) ?? [];
  const number = Number(digits);
  if (number >= 1 && number <= MOST_ARGUMENTS) return number - 1;
  const hint = number === 0 ? "arguments count from 1: the first is arg1" : undefined;
  throw new UsageError(
    `weight: "${text}" is none of arg1 to arg${MOST_ARGUMENTS}`,
    hint === undefined ? {} : { hint },
  );
}

function wholeNumber(name: string, text: string, most: number): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || number < 1 || number > most)
    throw new UsageError(`${name}: "${text}" is not a number from 1 to ${most}`);
  return number;
}

type Measured = Pick<Options, "offCpu" | "wakeup" | "wall" | "on">;

/** What is measured. */
export function measureOf({ offCpu, wakeup, wall, on }: Measured): Measure {
  if (on !== undefined) return "event";
  return wall ? "wall" : offCpu ? "off-cpu" : wakeup ? "wakeup" : "cpu";
}

/** What a weight is of: arguments that are added up are sizes as a rule. */
export function unitOf(given: Measured & Pick<Options, "weight">): WeightUnit {
  const measure = measureOf(given);
  if (measure === "event") return given.weight === undefined ? "count" : "bytes";
  return measure === "cpu" ? "samples" : "nanoseconds";
}

/**
 * Bytes of user stacks to copy; undefined where the kernel follows frame pointers. Unless told otherwise that is so for
 * events, which may come at any rate: counted in the kernel, none of them is lost.
 */
export function copiedStack(
  given: Measured & Pick<Options, "unwind" | "stackSize" | "kernelOnly">,
  facts: Pick<KernelFacts, "arch" | "btf">,
): number | undefined {
  if (given.unwind === "fp" || given.kernelOnly) return undefined;
  if (given.unwind === "dwarf") return given.stackSize;
  return measureOf(given) !== "event" && canCopyUserStack(facts) ? given.stackSize : undefined;
}

/** Options that contradict each other. */
export function check(given: Options): void {
  const measure = measureOf(given);
  if (given.weight !== undefined && given.on === undefined)
    throw new UsageError("weight: samples have no arguments", { hint: "use it with --on" });
  if (!hasWaits(measure) && given.min !== undefined)
    throw new UsageError("min: nothing is known of waits", {
      hint: "use it with --off-cpu, --wakeup or --wall",
    });
  if (measure !== "off-cpu" && measure !== "wakeup" && given.state !== undefined)
    throw new UsageError("state: only --off-cpu and --wakeup tell states apart");
  if (given.wakeup && given.state?.includes("preempted"))
    throw new UsageError("state: who is preempted goes on without being woken");
  if (given.tree && given.live)
    throw new UsageError("live: shows functions, no tree", {
      hint: "use --interval for one tree after another",
    });
  if (measure !== "cpu" && measure !== "wall" && given.idle)
    throw new UsageError("idle: only the clock meets idle processors");
}
