/** proc-count --events, --failed and --flapping: the records are shown one by one, or what they add up to. */
import type { Kernel } from "../../bpf/kernel";
import { type OwnIds, ownIds } from "../../bpf/own-ids";
import { NS_PER } from "../../core/units";
import type { Outcome } from "../command";
import type { Context } from "../context";
import { openProbe, taskFilter, tellAttached } from "../open-probe";
import type { EventOptions } from "./event-layout";
import { createSink } from "./event-sinks";
import { EventStream } from "./event-stream";
import { eventsProbe } from "./events-probe";
import { introduction } from "./introduction";
import type { Options } from "./options";

/** The records that these options need. */
export function eventOptions(given: Options, follow: boolean, ourselves: OwnIds): EventOptions {
  const flapping = given.flapping !== undefined;
  return {
    execs: given.events || flapping,
    exits: (given.events && given.exit) || flapping,
    failed: given.failed,
    exe: given.exe,
    argsSize: given.argsSize,
    filter: taskFilter(given),
    follow,
    ourselves,
  };
}

/** Between two looks at the ring buffer. */
const LOOK_NS = 10 * NS_PER.ms;

/** Command lines and rows that there is room for unless told. */
const ROOM = 10_240;

/** Runs until the end, showing each event as it comes or what they add up to. */
export async function watchEvents(context: Context, kernel: Kernel, given: Options): Promise<Outcome> {
  const follow = context.tracee !== undefined;
  const probe = eventsProbe(eventOptions(given, follow, ownIds(kernel)), kernel.facts);
  using session = openProbe(kernel, probe.spec, { filter: taskFilter(given), follow });
  tellAttached(context, probe.spec);
  context.notice(introduction(given, context));
  const { clock, signal } = context;
  const startedAt = clock.now();
  const startNs = clock.monotonicNs();
  const endNs = given.duration === undefined ? undefined : startNs + BigInt(given.duration);
  const room = given.maxEntries ?? ROOM;
  const sink = createSink(context, given, room);
  const stream = new EventStream(context, session, probe, kernel.sys.pageSize, room);
  await sink.begin();
  context.tracee?.start();
  const isOver = () => signal.aborted || (endNs !== undefined && clock.monotonicNs() >= endNs);
  while (!isOver()) {
    await sink.rows(stream.next());
    const left = endNs === undefined ? LOOK_NS : Number(endNs - clock.monotonicNs());
    await clock.sleep(Math.max(0, Math.min(LOOK_NS, left)), signal);
  }
  await stream.untilEnded();
  session.detach();
  for (let rows = stream.next(); rows.length > 0; rows = stream.next()) await sink.rows(rows);
  const ringFull = session.mappedArray(probe.losses).get(0);
  const lost = { ringFull, missedRuns: session.recursionMisses(), ...sink.lost?.() };
  const span = { startedAt, endedAt: clock.now(), durationNs: Number(clock.monotonicNs() - startNs) };
  await sink.end(span, lost);
  return { lost: Object.values(lost).reduce((sum, count) => sum + count, 0) };
}
