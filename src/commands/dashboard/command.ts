/** dashboard: the kernel's event counters with rates, averages and alerts. */
import type { Kernel } from "../../bpf/kernel";
import { formatDuration } from "../../core/units";
import type { Ourselves } from "../../probes/ourselves";
import { defineCommand, type Outcome } from "../command";
import type { Context } from "../context";
import { dumpOf, openProbe, ourselves, taskFilter, tellAttached } from "../open-probe";
import { listReport } from "./list";
import { check, type Options, options } from "./options";
import { ownCounters } from "./own-counters";
import { type DashboardProbe, dashboardProbe } from "./probe";
import { type Plan, plan, unitOf } from "./selection";
import type { OwnCounter } from "./slots";
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
    ["dashboard --events libc:malloc,s:futex -p 1234", "functions and system calls of a process"],
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
      const own = ownOf(context, given, undefined);
      const probe = probeOf(context, given, { ...planned, own, ourselves: { pid: context.pid, code: [] } });
      await context.print(dumpOf(probe.spec));
      return undefined;
    }
    const kernel = context.kernel();
    const counting = {
      ...planned,
      own: ownOf(context, given, kernel),
      ourselves: ourselves(context, kernel),
    };
    const probe = probeOf(context, given, counting);
    const follow = context.tracee !== undefined;
    using session = openProbe(kernel, probe.spec, { filter: taskFilter(given), follow });
    tellAttached(context, probe.spec);
    for (const [name, reason] of planned.missing) context.notice(`left out: ${name}: ${reason}`);
    context.notice(introduction(given, context));
    context.tracee?.start();
    // Awaited, or the session would be closed before the first report.
    const probeBehind = (counter: string) => probeOf(context, given, counting, counter);
    return await watch({ context, given, session, probe, watched: watchedOf(given, planned), probeBehind });
  },
});

/** The counters of the user's own. Without a kernel functions are shown as they are reached best. */
function ownOf(context: Context, given: Options, kernel: Kernel | undefined): OwnCounter[] {
  const { events, sum } = given;
  if (events === undefined) return [];
  const [pid, ...others] = given.pid ?? [];
  return ownCounters(events, {
    facts: context.facts(),
    kernel,
    pid: others.length === 0 ? pid : undefined,
    sum,
    openKernel: () => context.kernel(),
  });
}

/** What is counted, and for whom. */
interface Counting extends Pick<Plan, "counted"> {
  readonly own: readonly OwnCounter[];
  readonly ourselves: Ourselves;
}

/** The probe of all counters, or of one of them by process. */
function probeOf(
  context: Context,
  given: Options,
  { counted, own, ourselves }: Counting,
  behind?: string,
): DashboardProbe {
  const isWanted = (name: string) => behind === undefined || name === behind;
  const follow = context.tracee !== undefined;
  const filter = taskFilter(given);
  const byProcess = behind !== undefined;
  const options = {
    counters: counted.filter(isWanted),
    own: own.filter(({ name }) => isWanted(name)),
    ...{ filter, follow, ourselves, byProcess },
  };
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
