/** trace-fn --count and --latency: what the calls of each function add up to. */
import type { Session } from "../../bpf/session";
import { lostTotal } from "../../output/report";
import { readFiltered } from "../../probes/calls/filtered-calls";
import { readSites } from "../../probes/calls/site-counters";
import { TallyDelta } from "../../probes/tally-delta";
import { lostCalls } from "../../probes/thread-calls";
import type { Outcome } from "../command";
import type { Context } from "../context";
import { intervals } from "../intervals";
import { distributionReport } from "./distribution";
import { numberOf, type Options } from "./options";
import type { TraceProbe } from "./probe";
import { functionReport, functionRow, type Unshown } from "./report";
import type { SiteName } from "./resolve";

/** Counts until the end, and reports then or each interval. */
export async function watchCounts(
  context: Context,
  session: Session,
  probe: TraceProbe,
  names: readonly SiteName[],
  given: Options,
): Promise<Outcome> {
  const { clock, signal } = context;
  const { latency, top = Number.POSITIVE_INFINITY, duration, interval: intervalNs } = given;
  const sort = given.sort ?? { column: latency ? "total" : "count", reversed: false };
  const number = numberOf(given);
  const delta = new TallyDelta();
  const unshown = unshownOf(session, probe);
  context.tracee?.start();
  let startedAt = clock.now();
  let lost = 0;
  for await (const { startNs, endNs, last } of intervals(
    clock,
    { intervalNs, durationNs: duration },
    signal,
  )) {
    if (last) session.detach();
    const endedAt = clock.now();
    const counted = delta.since(
      readSites(probe.counters, session).map((stats, number) => ({ key: { number }, stats })),
    );
    const rows = names.map(({ name }, site) => {
      const entry = counted.find(({ key }) => key.number === site);
      return entry === undefined ? undefined : functionRow(name, entry.stats);
    });
    const span = { startedAt, endedAt, durationNs: Number(endNs - startNs) };
    if (number !== undefined) {
      const groups = counted.map(({ key, stats }) => ({ name: names[key.number ?? 0]?.name ?? "", stats }));
      const report = distributionReport(groups, number, span, unshown());
      await context.output.report(report);
      lost += lostTotal(report);
      startedAt = endedAt;
      continue;
    }
    const report = functionReport(
      rows.flatMap((row, site) => row ?? functionRow(names[site]?.name ?? "", NOTHING)),
      span,
      unshown(),
      { latency, top, sort },
    );
    await context.output.report(report);
    lost += lostTotal(report);
    startedAt = endedAt;
  }
  return { lost };
}

const NOTHING = { count: 0, failed: 0, totalNs: 0, maxNs: 0, histogram: [] } as const;

/** A function that tells what was lost since it was last asked. */
function lossesOf(session: Session, probe: TraceProbe): () => Record<string, number> {
  return sinceAsked(() => {
    const { ringFull, unfollowed } = session.mappedArray(probe.losses).get(0);
    return {
      ringFull,
      unfollowedCalls: unfollowed + (probe.followsSyscalls ? lostCalls(session) : 0),
      missedRuns: session.recursionMisses() + session.missedHits(),
    };
  });
}

/** A function that tells which calls since it was last asked are not among those shown. */
export function unshownOf(session: Session, probe: TraceProbe): () => Unshown {
  const losses = lossesOf(session, probe);
  const filtered = sinceAsked(() => ({ calls: readFiltered(probe.filtered, session) }));
  return () => ({ lost: losses(), filtered: filtered().calls });
}

function sinceAsked<Key extends string>(read: () => Record<Key, number>): () => Record<Key, number> {
  const last = new Map<string, number>();
  return () => {
    const changes = Object.entries<number>(read()).map(([reason, total]) => {
      const before = last.get(reason) ?? 0;
      last.set(reason, total);
      return [reason, Math.max(0, total - before)];
    });
    return Object.fromEntries(changes) as Record<Key, number>;
  };
}
