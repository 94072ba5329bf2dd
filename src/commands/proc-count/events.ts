/** proc-count --events, --failed and --flapping: what is done with the records, one by one. */
import type { Kernel } from "../../bpf/kernel";
import type { Session } from "../../bpf/session";
import { NS_PER } from "../../core/units";
import { jsonText } from "../../output/json";
import type { Column, Json, Report } from "../../output/report";
import type { Outcome } from "../command";
import type { Context } from "../context";
import { openProbe, taskFilter, tellAttached } from "../open-probe";
import { commandLineText } from "./command-line-text";
import {
  type EventNames,
  type EventRow,
  eventHeading,
  eventJson,
  eventLine,
  eventRow,
  type KnownArgs,
} from "./event-rows";
import { type EventOptions, type EventsProbe, eventsProbe } from "./events-probe";
import { Flapping, type FlappingRow } from "./flapping";
import type { Options } from "./options";

/** The records that these options need. */
export function eventOptions(given: Options, follow: boolean, pid: number): EventOptions {
  const flapping = given.flapping !== undefined;
  return {
    execs: given.events || flapping,
    exits: (given.events && given.exit) || flapping,
    failed: given.failed,
    exe: given.exe,
    argsSize: given.argsSize,
    filter: taskFilter(given),
    follow,
    ourselves: { pid },
  };
}

/** Between two looks at the ring buffer. */
const LOOK_NS = 10 * NS_PER.ms;
const ENDING_NS = NS_PER.s;
const CGROUPS_NS = BigInt(NS_PER.s);

/** Runs until the end, showing each event as it comes or what they add up to. */
export async function watchEvents(context: Context, kernel: Kernel, given: Options): Promise<Outcome> {
  const follow = context.tracee !== undefined;
  const probe = eventsProbe(eventOptions(given, follow, kernel.ownPid()), kernel.facts);
  using session = openProbe(kernel, probe.spec, { filter: taskFilter(given), follow });
  tellAttached(context, probe.spec);
  context.notice(
    follow
      ? `tracing "${context.tracee?.command.join(" ")}" until it ends`
      : "tracing executions, Ctrl-C to end",
  );
  const { clock, signal } = context;
  const startedAt = clock.now();
  const startNs = clock.monotonicNs();
  const endNs = given.duration === undefined ? undefined : startNs + BigInt(given.duration);
  const sink = createSink(context, given);
  const stream = new Stream(context, session, probe, kernel.sys.pageSize, given.maxEntries ?? KNOWN);
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
  const lost = { ringFull: session.mappedArray(probe.losses).get(0), missedRuns: session.recursionMisses() };
  const span = { startedAt, endedAt: clock.now(), durationNs: Number(clock.monotonicNs() - startNs) };
  await sink.end(span, lost);
  return { lost: lost.ringFull + lost.missedRuns };
}

/** Command lines remembered for the ends of their processes. */
const KNOWN = 10_240;

/** The records as rows. */
class Stream {
  private readonly names: EventNames;
  private readonly known = new Map<number, KnownArgs>();
  private cgroups: ReadonlyMap<bigint, string> = new Map();
  private cgroupsAt = 0n;

  constructor(
    private readonly context: Context,
    private readonly session: Session,
    private readonly probe: EventsProbe,
    private readonly pageSize: number,
    private readonly most: number,
  ) {
    const { machine, clock } = context;
    const users = machine.users();
    const wallMs = clock.now().getTime();
    const monotonic = clock.monotonicNs();
    this.names = {
      user: (id) => users.nameOf(id),
      cgroup: (id) => this.cgroupOf(id),
      date: (timeNs) => new Date(wallMs + Number(timeNs - monotonic) / NS_PER.ms),
    };
  }

  /** What came since the last time. */
  next(): EventRow[] {
    return this.session
      .ringBuffer(this.probe.ring)
      .drain()
      .map((event) => {
        const pid = event.pid ?? 0;
        const row = eventRow(event, this.names, this.pageSize, this.known.get(pid));
        if (event.kind === "exec") this.remember(pid, row);
        if (event.kind === "exit") this.known.delete(pid);
        return row;
      });
  }

  /** Waits for the processes that are on their way out. */
  async untilEnded(): Promise<void> {
    const { clock } = this.context;
    const { ending } = this.probe;
    if (ending === undefined) return;
    const never = new AbortController().signal;
    const end = clock.monotonicNs() + BigInt(ENDING_NS);
    while (this.session.map(ending).entries().length > 0 && clock.monotonicNs() < end)
      await clock.sleep(NS_PER.ms, never);
  }

  private remember(pid: number, { args, argsCut }: EventRow): void {
    const [oldest] = this.known.keys();
    if (this.known.size >= this.most && oldest !== undefined) this.known.delete(oldest);
    this.known.set(pid, { args: args ?? [], argsCut: argsCut ?? false });
  }

  /** All cgroups are read again for one that is new, but not more than once a second. */
  private cgroupOf(id: bigint): string | undefined {
    const now = this.context.clock.monotonicNs();
    if (!this.cgroups.has(id) && (this.cgroupsAt === 0n || now - this.cgroupsAt > CGROUPS_NS)) {
      this.cgroups = this.context.machine.cgroupsById();
      this.cgroupsAt = now;
    }
    return this.cgroups.get(id);
  }
}

type Span = Pick<Report<never>, "startedAt" | "endedAt" | "durationNs">;

/** What becomes of the rows. */
interface EventSink {
  begin(): Promise<void>;
  rows(rows: readonly EventRow[]): Promise<void>;
  end(span: Span, lost: Readonly<Record<string, number>>): Promise<void>;
}

function createSink(context: Context, given: Options): EventSink {
  if (given.flapping !== undefined) return flappingSink(context, given.flapping, given.top);
  if (!given.events) return failureSink(context, given.top);
  if (context.format === "table") return lineSink(context, given.exe);
  return context.format === "ndjson" ? ndjsonSink(context) : documentSink(context);
}

function lineSink(context: Context, withExe: boolean): EventSink {
  let count = 0;
  return {
    begin: () => context.print(`${eventHeading(withExe)}\n`),
    async rows(rows) {
      count += rows.length;
      if (rows.length > 0) await context.print(rows.map((row) => `${eventLine(row)}\n`).join(""));
    },
    async end(_span, lost) {
      await context.print(`\nTotal: ${count} events.\n${lossLine(lost)}\n`);
    },
  };
}

function lossLine(lost: Readonly<Record<string, number>>): string {
  const total = Object.values(lost).reduce((sum, value) => sum + value, 0);
  return total === 0 ? "Lost: nothing." : `Lost: ${total} (${jsonText(lost)}).`;
}

function ndjsonSink(context: Context): EventSink {
  let count = 0;
  return {
    async begin() {},
    async rows(rows) {
      count += rows.length;
      if (rows.length > 0) await context.print(rows.map((row) => `${jsonText(eventJson(row))}\n`).join(""));
    },
    async end({ endedAt }, lost) {
      const last = { time: endedAt.toISOString(), event: "end", count, lost };
      await context.print(`${jsonText(last)}\n`);
    },
  };
}

const KEYS = [
  ...["time", "event", "pid", "ppid", "parent", "uid", "user", "container", "comm", "exe", "args", "argsCut"],
  ...["errno", "path", "exitCode", "signal", "ageNs", "cpuNs", "userNs", "systemNs", "maxRssBytes"],
] as const;

/** A whole document at the end: JSON, CSV. */
function documentSink(context: Context): EventSink {
  const all: EventRow[] = [];
  const columns = KEYS.map((key): Column<EventRow> => {
    const json = (row: EventRow) => ((row as unknown as Record<string, Json>)[key] ?? null) as Json;
    // Reports keep "time" for themselves.
    return { title: key, key: key === "time" ? "at" : key, text: (row) => jsonText(json(row)), json };
  });
  return {
    async begin() {},
    async rows(rows) {
      for (const row of rows) all.push(row);
    },
    end: (span, lost) =>
      context.output.report({ ...span, columns, rows: all, totals: { count: all.length }, footer: [], lost }),
  };
}

interface FailureRow {
  readonly comm: string;
  readonly errno: string;
  readonly path: string;
  count: number;
}

/** Failed attempts, counted by who, why and what. */
function failureSink(context: Context, top: number): EventSink {
  const counts = new Map<string, FailureRow>();
  let total = 0;
  return {
    async begin() {},
    async rows(rows) {
      for (const { comm, errno = "", path = "" } of rows) {
        const key = JSON.stringify([comm, errno, path]);
        const row = counts.get(key) ?? { comm, errno, path, count: 0 };
        row.count++;
        total++;
        counts.set(key, row);
      }
    },
    async end(span, lost) {
      const rows = [...counts.values()].sort((a, b) => b.count - a.count || (a.path < b.path ? -1 : 1));
      const shown = rows.slice(0, top);
      const footer = [`Total: ${total} failed attempts in ${rows.length} rows.`];
      const totals = { count: total, rows: rows.length, shownRows: shown.length };
      await context.output.report({ ...span, columns: failureColumns, rows: shown, totals, footer, lost });
    },
  };
}

const text = <R>(title: string, key: keyof R & string, shrink?: "start"): Column<R> => ({
  title,
  key,
  text: (row) => String(row[key]),
  json: (row) => row[key] as Json,
  ...(shrink === undefined ? {} : { shrink }),
});
const number = <R>(title: string, key: keyof R & string): Column<R> => ({
  ...text<R>(title, key),
  align: "right",
});
const failureColumns: readonly Column<FailureRow>[] = [
  text("name", "comm"),
  text("errno", "errno"),
  text("path", "path", "start"),
  number("count", "count"),
];

function flappingSink(context: Context, perMinute: number, top: number): EventSink {
  const flapping = new Flapping(perMinute, KNOWN);
  return {
    async begin() {},
    async rows(rows) {
      for (const row of rows) if (row.event === "exit") flapping.ended(row);
    },
    async end(span, lost) {
      const rows = flapping.rows();
      const shown = rows.slice(0, top);
      const footer = [`${rows.length} command lines failed more than ${perMinute} times within a minute.`];
      await context.output.report({
        ...span,
        columns: flappingColumns,
        rows: shown,
        totals: { rows: rows.length, shownRows: shown.length },
        footer,
        lost,
      });
    },
  };
}

const flappingColumns: readonly Column<FlappingRow>[] = [
  {
    title: "args",
    key: "args",
    shrink: "end",
    text: ({ args }) => commandLineText(args),
    json: ({ args }) => args as Json,
  },
  number("per min", "perMinute"),
  number("failed", "failed"),
  number("ended", "ended"),
  text("last", "lastStatus"),
];
