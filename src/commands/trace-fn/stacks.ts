/** trace-fn --stacks: the stacks that calls are made with. */
import type { Session } from "../../bpf/session";
import { UsageError } from "../../core/errors";
import { lostTotal } from "../../output/report";
import { isProfileFormat } from "../../output/stacks/formats";
import type { Profile } from "../../output/stacks/profile";
import { MOST_CALL_STACKS } from "../../probes/calls/call-stacks";
import type { FunctionSite } from "../../probes/calls/function-calls";
import { Collector } from "../../probes/stacks/collector";
import type { UserNames } from "../../probes/stacks/user-names";
import type { Outcome } from "../command";
import type { Context } from "../context";
import { intervals } from "../intervals";
import { openUserNames } from "../open-user-names";
import { printProfile } from "../print-profile";
import { unshownOf } from "./counts";
import { type Options, waitsForReturn } from "./options";
import type { TraceProbe } from "./probe";
import { filteredSentences } from "./report";
import type { Resolved } from "./resolve";
import { stackReport, stackText } from "./stack-report";

/** Stacks in a table unless told. */
const TOP = 10;

/** Counts stacks until the end, and shows them then or each interval. */
export async function watchStacks(
  context: Context,
  session: Session,
  probe: TraceProbe,
  resolved: Resolved,
  given: Options,
): Promise<Outcome> {
  const { clock, signal, format } = context;
  const { interval: intervalNs, duration: durationNs } = given;
  if (intervalNs !== undefined && isProfileFormat(format) && format !== "json")
    throw new UsageError(`interval: format "${format}" has place for one profile`, {
      hint: "leave --interval away, or use --format table, json, ndjson or csv",
    });
  using userNames = openUserNames(context.kernel(), given.kernelOnly ? [] : given.pid);
  const collector = collectorOf(context, session, probe, resolved, given, userNames);
  const unshown = unshownOf(session, probe);
  const over = new AbortController();
  const following = collector.follow(clock, over.signal);
  const tracee = context.tracee?.start();
  if (tracee !== undefined) collector.meet([{ pid: tracee, comm: context.machine.commOf(tracee) ?? "" }]);
  let startedAt = clock.now();
  let lost = 0;
  try {
    for await (const { startNs, endNs, last } of intervals(clock, { intervalNs, durationNs }, signal)) {
      await collector.prepare();
      if (last) {
        session.detach();
        await collector.loadKernelNames();
      }
      const stretch = { startedAt, durationNs: Number(endNs - startNs), endNs, last };
      const { profile } = collector.collect(stretch);
      const { filtered, lost: calls } = unshown();
      const { unfollowedCalls = 0, missedRuns = 0 } = calls;
      const whole = {
        ...profile,
        notes: [...profile.notes, ...filteredSentences({ filtered })],
        lost: { ...profile.lost, missedRuns, unfollowedCalls },
      };
      await show(context, whole, given);
      lost += lostTotal(whole);
      startedAt = clock.now();
    }
  } finally {
    over.abort();
    await following;
  }
  return { lost };
}

function collectorOf(
  context: Context,
  session: Session,
  { stacks }: TraceProbe,
  resolved: Resolved,
  given: Options,
  userNames: UserNames,
): Collector {
  if (stacks === undefined) throw new TypeError("the probe counts no stacks");
  const { tracee } = context;
  const title = `Calls of ${resolved.names.map(({ name }) => name).join(", ")}`;
  const tips = tipsOf(resolved, given);
  const options = {
    ...({ measure: "event", unit: "count", by: "comm" } as const),
    ...{ frequency: 1, states: undefined, minNs: 0, waker: false, kernel: true },
    title: tracee === undefined ? title : `${title} in ${tracee.command.join(" ")}`,
    maxStacks: MOST_CALL_STACKS,
    arch: context.facts().arch,
    tip: (site: number) => tips[site],
  };
  return new Collector(session, stacks, userNames, { cgroup: () => undefined }, options);
}

/** What stands on top of each site's stacks: what was called, where the innermost frame is not the function itself. */
function tipsOf({ sites, names, waits }: Resolved, given: Options): (string | undefined)[] {
  const { syscalls, tracepoints, functions } = sites;
  const atReturn = waits || waitsForReturn(given);
  const isShown = ({ memory, returnOnly }: FunctionSite) =>
    !returnOnly && !atReturn && !(memory === "user" ? given.kernelOnly : given.userOnly);
  const tip = (index: number) => names[index]?.name;
  return [
    ...syscalls.map((_, i) => `s:${tip(i)}`),
    ...tracepoints.map((_, i) => `t:${tip(syscalls.length + i)}`),
    ...functions.map((site, i) =>
      isShown(site) ? undefined : tip(syscalls.length + tracepoints.length + i),
    ),
  ];
}

async function show(context: Context, profile: Profile, { top = TOP }: Options): Promise<void> {
  const { format } = context;
  if (isProfileFormat(format)) await printProfile(context, "trace-fn", profile, format);
  else if (format === "table") await context.print(stackText(profile, top));
  else await context.output.report(stackReport(profile, top));
}
