/** stack-profile: where the time goes, on the processor and off it, by whole stacks. */

import type { KernelFacts } from "../../bpf/facts";
import type { Kernel } from "../../bpf/kernel";
import type { Session } from "../../bpf/session";
import { UsageError } from "../../core/errors";
import { NS_PER } from "../../core/units";
import { lostTotal } from "../../output/report";
import { profileEndings } from "../../output/stacks/formats";
import { Collector } from "../../probes/stacks/collector";
import { beginCounting } from "../../probes/stacks/counted-stacks";
import { defineCommand, type Outcome } from "../command";
import type { Context } from "../context";
import { eventSites, parseEventTarget } from "../event-sites";
import { intervals } from "../intervals";
import { dumpOf, openProbe, taskFilter, tellAttached } from "../open-probe";
import { openUserNames } from "../open-user-names";
import type { EventOptions } from "./event-program";
import { check, copiedStack, measureOf, type Options, options, unitOf } from "./options";
import { type ProbeOptions, stackProbe } from "./probe";
import { checkFormat, profileFromFile } from "./profile-file";
import { type Before, show } from "./show";

export const stackProfile = defineCommand({
  name: "stack-profile",
  summary: "Show where the time goes, on the processor and off it",
  description:
    "Samples the stacks of what runs on every processor, counts equal ones in the kernel and names their functions.\n" +
    "With --off-cpu it measures how long tasks wait, and in which stack.",
  options,
  takesCommand: true,
  endings: profileEndings,
  examples: [
    ["stack-profile -d 10", "the functions in which the machine spends its time"],
    [
      "stack-profile -p 1234 -d 10 -f folded -o out.folded",
      "stacks of a process, for flamegraph.pl or speedscope",
    ],
    ["stack-profile --tree -- make", "the calls of a build, as a tree"],
    ["stack-profile --off-cpu -p 1234 -d 10", "what a process waits for"],
    ["stack-profile --off-cpu --wakeup -p 1234 -d 10", "and who wakes it"],
    ["stack-profile --wall -- ./program", "the time on and off the processor in one profile"],
    ["stack-profile --on vfs_read -d 10", "who reads, by the stacks that lead there"],
    ["stack-profile --live", "the hottest functions, redrawn every second"],
  ],
  check,
  async run(context, given): Promise<Outcome | undefined> {
    checkFormat(context.format, given);
    const before = given.diff === undefined ? undefined : profileFromFile("diff", given.diff);
    if (given.from !== undefined) {
      if (context.tracee !== undefined)
        throw new UsageError("from: a profile from a file starts no program", {
          hint: 'leave out "--" and what follows',
        });
      await show(context, profileFromFile("from", given.from), undefined, given, before);
      return undefined;
    }
    const facts = context.facts();
    const follow = context.tracee !== undefined;
    if (given.dump) {
      const event = eventOf(given, facts, undefined);
      const dumped = probeOptions(given, facts, { follow, event, pid: context.pid });
      await context.print(dumpOf(stackProbe(dumped, facts).spec));
      return undefined;
    }
    const kernel = context.kernel();
    const event = eventOf(given, facts, kernel);
    const probe = stackProbe(probeOptions(given, facts, { follow, event, pid: kernel.ownPid() }), facts);
    using userNames = openUserNames(kernel, given.kernelOnly ? [] : given.pid);
    using session = openProbe(kernel, probe.spec, {
      filter: taskFilter(given),
      follow,
      fill: (opened) => beginCounting(probe, opened),
    });
    const attachedNs = context.clock.monotonicNs();
    tellAttached(context, probe.spec);
    context.notice(introduction(given, context));
    let cgroups: ReadonlyMap<bigint, string> | undefined;
    const names = {
      cgroup: (id: bigint) => {
        cgroups ??= context.machine.cgroupsById();
        return cgroups.get(id);
      },
    };
    const collector = new Collector(session, probe, userNames, names, {
      measure: measureOf(given),
      waker: given.wakeup,
      kernel: !given.userOnly,
      unit: unitOf(given),
      by: given.by ?? "comm",
      frequency: given.freq,
      states: given.state,
      minNs: given.min ?? 0,
      title: title(given, context),
      maxStacks: given.maxStacks,
      arch: facts.arch,
    });
    // Awaited, or the session would be closed before the first report.
    return await watch(context, session, collector, given, { before, attachedNs });
  },
});

/** The places that `--on` names. */
function eventOf(given: Options, facts: KernelFacts, kernel: Kernel | undefined): EventOptions | undefined {
  if (given.on === undefined) return undefined;
  const [pid, ...others] = given.pid ?? [];
  const around = { option: "on", facts, kernel, pid: others.length === 0 ? pid : undefined };
  return { sites: eventSites(parseEventTarget(given.on, "on"), around), weight: given.weight };
}

interface Run {
  readonly follow: boolean;
  readonly event: EventOptions | undefined;
  readonly pid: number;
}

function probeOptions(given: Options, facts: KernelFacts, { follow, event, pid }: Run): ProbeOptions {
  return {
    event,
    measure: measureOf(given),
    waker: given.wakeup,
    frequency: given.freq,
    by: given.by ?? "comm",
    kernel: !given.userOnly,
    user: !given.kernelOnly,
    idle: given.idle,
    minNs: given.min ?? 0,
    preempted: given.state?.includes("preempted") ?? false,
    filter: taskFilter(given),
    follow,
    maxStacks: given.maxStacks,
    isRepeated: given.interval !== undefined || given.live,
    stackSize: copiedStack(given, facts),
    ourselves: { pid },
  };
}

function introduction(given: Options, { tracee }: Context): string {
  const what = {
    cpu: `tracing stacks, ${given.freq} samples a second`,
    "off-cpu": given.wakeup ? "tracing waits and who ends them" : "tracing waits",
    wakeup: "tracing who ends waits",
    wall: "tracing stacks and waits",
    event: `tracing stacks at "${given.on}"`,
  }[measureOf(given)];
  if (tracee !== undefined) return `${what}: "${tracee.command.join(" ")}" until it ends`;
  return given.duration === undefined ? `${what}, Ctrl-C to end` : what;
}

function title(given: Options, { tracee }: Context): string {
  const what = {
    cpu: "CPU time",
    "off-cpu": given.wakeup ? "time off CPU, and who ended it" : "time off CPU",
    wakeup: "time off CPU by who ended it",
    wall: "time on and off CPU",
    event: given.on ?? "",
  }[measureOf(given)];
  return tracee === undefined ? what : `${what} of ${tracee.command.join(" ")}`;
}

/** How many processors are sampled: those the clock was found on. */
function processorsOf(session: Session): number {
  return Math.max(1, ...session.links.map(({ places }) => places));
}

/** How often a live table is redrawn unless told. */
const LIVE_INTERVAL_NS = NS_PER.s;
/** Reports each interval until the end; before the last one the programs are detached. */
async function watch(
  context: Context,
  session: Session,
  collector: Collector,
  given: Options,
  { before, attachedNs }: { readonly before: Before; readonly attachedNs: bigint },
): Promise<Outcome> {
  const intervalNs = given.interval ?? (given.live ? LIVE_INTERVAL_NS : undefined);
  const timing = { intervalNs, durationNs: given.duration };
  const processors = processorsOf(session);
  const over = new AbortController();
  const following = collector.follow(context.clock, over.signal);
  let startedAt = context.clock.now();
  let readNs = attachedNs;
  let lost = 0;
  const tracee = context.tracee?.start();
  // It may be over before anybody else tells of it.
  if (tracee !== undefined) collector.meet([{ pid: tracee, comm: context.machine.commOf(tracee) ?? "" }]);
  try {
    for await (const { last } of intervals(context.clock, timing, context.signal)) {
      await collector.prepare();
      if (last) session.detach();
      // What is read was counted from one reading to the next, not from one interval's end to the next one's.
      const endNs = context.clock.monotonicNs();
      const durationNs = Number(endNs - readNs);
      readNs = endNs;
      // Not before the end: what was loaded into the kernel meanwhile has names too.
      if (last) await collector.loadKernelNames();
      const { profile, ticks } = collector.collect({ startedAt, durationNs, endNs, last });
      await show(context, profile, { count: ticks, processors }, given, before);
      lost += lostTotal(profile);
      startedAt = context.clock.now();
    }
  } finally {
    over.abort();
    await following;
  }
  return { lost };
}
