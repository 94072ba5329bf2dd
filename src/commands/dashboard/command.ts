/** dashboard: the kernel's event counters with rates, averages and alerts. */
import { formatDuration } from "../../core/units";
import type { Ourselves } from "../../probes/ourselves";
import { defineCommand, type Outcome } from "../command";
import type { Context } from "../context";
import { dumpOf, openProbe, ourselves, taskFilter, tellAttached } from "../open-probe";
import { listReport } from "./list";
import { check, type Options, options } from "./options";
import { type DashboardProbe, dashboardProbe } from "./probe";
import { type Plan, plan, unitOf } from "./selection";
import type { OwnTracepoint } from "./slots";
import { fieldOf } from "./tracepoint-field";
import { watch } from "./watch";

export const dashboard = defineCommand({
  name: "dashboard",
  summary: "Show event counters live, with rates, averages and alerts",
  description:
    "Counts events of the whole machine, or of what the filters let pass, in the kernel: system calls, files,\n" +
    "packets, processes, faults, block I/O, TCP. On a terminal it redraws in place; ? shows the keys.",
  options,
  takesCommand: true,
  liveOnTerminal: true,
  examples: [
    ["dashboard", "everything, redrawn every second"],
    ["dashboard --events opens,closes,unclosed -p 1234", "whether a process leaks files"],
    ["dashboard --alert 'opens > 5000/s for 3s clear < 4000/s'", "tell when many files are opened"],
    [
      "dashboard --once -d 10s --check --alert 'total drops > 0'",
      "for cron and CI: exit with 4 if packets drop",
    ],
    ["dashboard --events t:net:net_dev_queue --sum len", "a tracepoint of your own, by bytes"],
    ["dashboard -f ndjson -i 5", "a line per counter every five seconds"],
    ["dashboard --once -- make -j8", "what a build causes"],
  ],
  check,
  async run(context, given): Promise<Outcome | undefined> {
    const facts = context.facts();
    if (given.list) {
      await context.output.report(listReport(facts, context.clock.now()));
      return undefined;
    }
    const planned = plan(given.events, facts);
    if (given.dump) {
      const probe = probeOf(context, given, planned, { pid: context.pid, code: [] });
      await context.print(dumpOf(probe.spec));
      return undefined;
    }
    const kernel = context.kernel();
    const own = ourselves(context, kernel);
    const probe = probeOf(context, given, planned, own);
    const follow = context.tracee !== undefined;
    using session = openProbe(kernel, probe.spec, { filter: taskFilter(given), follow });
    tellAttached(context, probe.spec);
    for (const [name, reason] of planned.missing) context.notice(`left out: ${name}: ${reason}`);
    context.notice(introduction(given, context));
    context.tracee?.start();
    // Awaited, or the session would be closed before the first report.
    const probeBehind = (counter: string) => probeOf(context, given, planned, own, counter);
    return await watch({ context, given, session, probe, watched: watchedOf(given, planned), probeBehind });
  },
});

/** The probe of all counters, or of one of them by process. */
function probeOf(
  context: Context,
  given: Options,
  { counted }: Plan,
  ourselves: Ourselves,
  behind?: string,
): DashboardProbe {
  const isWanted = (name: string) => behind === undefined || name === behind;
  const own = [...(given.events?.own ?? [])]
    .filter(([name]) => isWanted(name))
    .map(([name, tracepoint]): OwnTracepoint => {
      const { sum } = given;
      return sum === undefined
        ? { name, tracepoint }
        : { name, tracepoint, field: fieldOf(context.kernel().sys, tracepoint, sum) };
    });
  const follow = context.tracee !== undefined;
  const filter = taskFilter(given);
  const byProcess = behind !== undefined;
  const options = { counters: counted.filter(isWanted), own, filter, follow, ourselves, byProcess };
  return dashboardProbe(options, context.facts());
}

function watchedOf({ sum }: Options, { shown }: Plan) {
  return shown.map((name) => ({ name, unit: unitOf(name, sum !== undefined) }));
}

function introduction({ duration, events }: Options, { tracee }: Context): string {
  const what = events === undefined ? "events" : events.shown.join(", ");
  if (tracee !== undefined) return `tracing ${what} of "${tracee.command.join(" ")}" until it ends`;
  return duration === undefined
    ? `tracing ${what}, Ctrl-C to end`
    : `tracing ${what} for ${formatDuration(duration)}`;
}
