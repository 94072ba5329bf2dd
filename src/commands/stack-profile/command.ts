/** stack-profile: where the time goes, on the processor and off it, by whole stacks. */
import type { KernelFacts } from "../../bpf/facts";
import { formatDuration, NS_PER } from "../../core/units";
import { lossSentence, lostTotal } from "../../output/report";
import { callTree } from "../../output/stacks/call-tree";
import { foldedStacks } from "../../output/stacks/folded";
import type { Profile } from "../../output/stacks/profile";
import { profileJson } from "../../output/stacks/profile-json";
import { treeText } from "../../output/stacks/tree-text";
import { defineCommand, type Outcome } from "../command";
import type { Context } from "../context";
import { intervals } from "../intervals";
import { dumpOf, openProbe, taskFilter, tellAttached } from "../open-probe";
import { Collector } from "./collector";
import { check, measureOf, type Options, options } from "./options";
import { type ProbeOptions, stackProbe } from "./probe";
import { functionReport } from "./report";
import { addressesOnly } from "./user-names";

export const stackProfile = defineCommand({
  name: "stack-profile",
  summary: "Show where the time goes, on the processor and off it",
  description:
    "Samples the stacks of what runs on every processor, counts equal ones in the kernel and names their functions.\n" +
    "With --off-cpu it measures how long tasks wait, and in which stack.",
  options,
  takesCommand: true,
  endings: { ".folded": "folded" },
  examples: [
    ["stack-profile -d 10", "the functions in which the machine spends its time"],
    [
      "stack-profile -p 1234 -d 10 -f folded -o out.folded",
      "stacks of a process, for flamegraph.pl or speedscope",
    ],
    ["stack-profile --tree -- make", "the calls of a build, as a tree"],
    ["stack-profile --off-cpu -p 1234 -d 10", "what a process waits for"],
    ["stack-profile --wall -- ./program", "the time on and off the processor in one profile"],
    ["stack-profile --live", "the hottest functions, redrawn every second"],
  ],
  check,
  async run(context, given): Promise<Outcome | undefined> {
    const facts = context.facts();
    const follow = context.tracee !== undefined;
    if (given.dump) {
      await context.print(dumpOf(stackProbe(probeOptions(given, follow, context.pid), facts).spec));
      return undefined;
    }
    const kernel = context.kernel();
    const probe = stackProbe(probeOptions(given, follow, kernel.ownPid()), facts);
    using session = openProbe(kernel, probe.spec, { filter: taskFilter(given), follow });
    tellAttached(context, probe.spec);
    context.notice(introduction(given, context));
    let cgroups: ReadonlyMap<bigint, string> | undefined;
    const names = {
      cgroup: (id: bigint) => {
        cgroups ??= context.machine.cgroupsById();
        return cgroups.get(id);
      },
    };
    const collector = new Collector(session, probe, addressesOnly(), names, {
      measure: measureOf(given),
      by: given.by ?? "comm",
      frequency: given.freq,
      states: given.state,
      minNs: given.min ?? 0,
      title: title(given, context),
    });
    context.tracee?.start();
    // Awaited, or the session would be closed before the first report.
    return await watch(context, session, collector, given, facts);
  },
});

function probeOptions(given: Options, follow: boolean, pid: number): ProbeOptions {
  return {
    measure: measureOf(given),
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
    maxEntries: given.maxStacks,
    ourselves: { pid },
  };
}

function introduction(given: Options, { tracee }: Context): string {
  const what = {
    cpu: `sampling stacks ${given.freq} times a second`,
    "off-cpu": "tracing waits",
    wall: "sampling stacks and tracing waits",
  }[measureOf(given)];
  if (tracee !== undefined) return `${what} of "${tracee.command.join(" ")}" until it ends`;
  return given.duration === undefined ? `${what}, Ctrl-C to end` : what;
}

function title(given: Options, { tracee }: Context): string {
  const what = { cpu: "CPU time", "off-cpu": "time off CPU", wall: "time on and off CPU" }[measureOf(given)];
  return tracee === undefined ? what : `${what} of ${tracee.command.join(" ")}`;
}

/** How often a live table is redrawn unless told. */
const LIVE_INTERVAL_NS = NS_PER.s;
/** Between two looks for new processes: they may not live long. */
const LOOK_NS = 10 * NS_PER.ms;

/** Reports each interval until the end; before the last one the programs are detached. */
async function watch(
  context: Context,
  session: { detach(): void },
  collector: Collector,
  given: Options,
  facts: KernelFacts,
): Promise<Outcome> {
  const intervalNs = given.interval ?? (given.live ? LIVE_INTERVAL_NS : undefined);
  const timing = { intervalNs, durationNs: given.duration };
  const over = new AbortController();
  const looking = lookAround(context, collector, over.signal);
  let startedAt = context.clock.now();
  let lost = 0;
  try {
    for await (const { startNs, endNs, last } of intervals(context.clock, timing, context.signal)) {
      if (last) session.detach();
      const durationNs = Number(endNs - startNs);
      const { profile, ticks } = collector.collect({ startedAt, durationNs, endNs, last });
      await show(context, profile, ticks, given, facts);
      lost += lostTotal(profile);
      startedAt = context.clock.now();
    }
  } finally {
    over.abort();
    await looking;
  }
  return { lost };
}

async function lookAround({ clock }: Context, collector: Collector, over: AbortSignal): Promise<void> {
  while (!over.aborted) {
    collector.look();
    await clock.sleep(LOOK_NS, over);
  }
}

async function show(
  context: Context,
  profile: Profile,
  ticks: number,
  given: Options,
  facts: KernelFacts,
): Promise<void> {
  const figures = { ticks, frequency: given.freq };
  const footer = [...profile.notes, ...summary(profile, ticks, given, facts)];
  if (given.tree && context.format === "table") {
    await print(context, treeText(callTree(profile), { width: 80, ascii: false, minShare: 0.01 }));
    await context.print(`\n${[...footer, lossSentence(profile) ?? ""].join("\n")}\n`);
    return;
  }
  switch (context.format) {
    case "folded":
      return print(context, foldedStacks(profile, { kinds: given.annotate }));
    case "json": {
      const info = {
        tool: "bpfkit",
        version: context.version,
        command: "stack-profile",
        kernel: facts.release,
      } as const;
      return print(context, profileJson(profile, { ...info, startedAt: profile.startedAt }, figures));
    }
  }
  const report = functionReport(profile, {
    grouped: given.by !== undefined,
    top: given.top,
    sort: given.sort,
    figures,
    footer,
  });
  await context.output.report(report);
}

async function print(context: Context, pieces: Iterable<string>): Promise<void> {
  for (const piece of pieces) await context.print(piece);
}

function summary(profile: Profile, ticks: number, given: Options, facts: KernelFacts): string[] {
  const count = profile.samples.count.reduce((sum, each) => sum + each, 0);
  const stacks = `in ${profile.samples.length} different stacks`;
  if (profile.measure !== "cpu") return [`Total: ${count} samples and waits ${stacks}.`];
  const cpus = given.cpu?.length ?? facts.possibleCpus;
  const rate = ticks / cpus / (profile.durationNs / NS_PER.s);
  return [
    `Total: ${count} samples ${stacks}; ${ticks} ticks in ${formatDuration(profile.durationNs)}, ` +
      `${rate.toFixed(1)} Hz on each of ${cpus} processors.`,
  ];
}
