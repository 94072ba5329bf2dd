/** The options of dashboard, and what follows from them. */
import { UsageError } from "../../core/errors";
import { NS_PER, parseDuration } from "../../core/units";
import type { OptionSpecs, OptionValues } from "../command";
import { filterOptions } from "../filter-options";
import { liveOption, outputOptions, programOptions, timestampOptions } from "../output-options";
import { prometheusOption } from "../prometheus";
import { timingOptions } from "../timing-options";
import { splitWords } from "./alert-action";
import { type Alert, parseAlert } from "./alert-expression";
import { allNames, parseEvents } from "./selection";

const group = "Counters";
const alerts = "Alerts";

export const options = {
  events: {
    flags: "--events <list>",
    help: "these counters only: names of --list, and of your own t:category:name, s:openat, libc:malloc, vfs_read",
    parse: parseEvents,
    defaultText: "all of --list",
    group,
  },
  sum: {
    flags: "--sum <name>",
    help: "add up this field or argument of your own counters instead of counting",
    group,
  },
  window: {
    flags: "--window <time>",
    help: "what the rolling average looks back on",
    parse: (text: string) => parseDuration(text, { name: "window" }),
    default: 10 * NS_PER.s,
    defaultText: "10s",
    group,
  },
  list: { flags: "--list", help: "list the counters and exit; needs no rights", group },
  alert: {
    flags: "--alert <condition>",
    help: "such as 'opens > 5000/s for 3s'; may be given several times",
    parse: (text: string): readonly string[] => [text],
    collect: (earlier: readonly string[], later: readonly string[]): readonly string[] => [
      ...earlier,
      ...later,
    ],
    group: alerts,
  },
  exec: {
    flags: "--exec <command>",
    help: "start this when an alert fires or clears, without a shell",
    group: alerts,
  },
  shell: { flags: "--shell", help: "start it through sh -c", group: alerts },
  check: { flags: "--check", help: "exit with 4 if an alert has fired", group: alerts },
  ...filterOptions,
  duration: timingOptions.duration,
  interval: {
    ...timingOptions.interval,
    help: "read and report each time this has passed",
    default: NS_PER.s,
    defaultText: "1s",
  },
  cost: { flags: "--cost", help: "count what the programs cost, which costs them a little more", group },
  once: { flags: "--once", help: "one report, at the end", group: "Timing" },
  ...outputOptions(["table", "json", "ndjson", "csv"]),
  live: {
    ...liveOption.live,
    help: "redraw in place; the default on a terminal",
    conflicts: ["output", "once"],
  },
  ...timestampOptions,
  prometheus: prometheusOption,
  ...programOptions,
} as const satisfies OptionSpecs;

export type Options = OptionValues<typeof options>;

/** The alerts asked for. Throws a UsageError that points at the column. */
export function alertsOf({ alert, events }: Pick<Options, "alert" | "events">): readonly Alert[] {
  const known = events?.shown ?? allNames;
  return (alert ?? []).map((text) => parseAlert(text, known));
}

/** The words of `--exec`; undefined without it. */
export function execWords({ exec, shell }: Pick<Options, "exec" | "shell">): readonly string[] | undefined {
  if (exec === undefined) return undefined;
  return shell ? ["sh", "-c", exec] : splitWords(exec);
}

/** Options that make no sense together, or not alone. */
export function check(given: Options): void {
  const { alert, exec, shell, check: checks, sum, events } = given;
  alertsOf(given);
  execWords(given);
  if (alert === undefined && (exec !== undefined || checks))
    throw new UsageError(`${checks ? "check" : "exec"}: there is no --alert`, {
      hint: "an alert is like --alert 'opens > 5000/s for 3s'",
    });
  if (shell && exec === undefined) throw new UsageError("shell: there is no --exec");
  if (sum !== undefined && (events?.own.size ?? 0) === 0)
    throw new UsageError("sum: no counter of your own is there", {
      hint: "for example --events libc:malloc --sum arg1",
    });
}
