/** trace-fn without --count, --latency and the like: each call as it comes, and with --graph how calls nest. */
import type { Session } from "../../bpf/session";
import { NS_PER } from "../../core/units";
import { ByteWriter } from "../../output/byte-writer";
import { type Json, lossSentence } from "../../output/report";
import { CallHead, RecordKind, type RecordLayout } from "../../probes/calls/call-record";
import { RingPace } from "../../probes/ring-pace";
import type { Outcome } from "../command";
import type { Context } from "../context";
import { CallClock } from "./call-clock";
import { CallNesting } from "./call-nesting";
import { type CallWriter, longestLine, totalOf } from "./call-writer";
import { chromeWriter } from "./chrome-writer";
import { unshownOf } from "./counts";
import { csvWriter } from "./csv-writer";
import { graphDot } from "./graph-dot";
import { graphJson } from "./graph-json";
import { graphLines } from "./graph-lines";
import { type GraphForm, graphWriter } from "./graph-writer";
import { lineWriter } from "./line-writer";
import { jsonWriter, ndjsonWriter } from "./ndjson-writer";
import { isDecidedAtReturn, type Options } from "./options";
import { perfettoWriter } from "./perfetto-writer";
import type { TraceProbe } from "./probe";
import { type Arrived, RateGuard } from "./rate-guard";
import { filteredSentences } from "./report";
import type { Resolved } from "./resolve";
import type { ShownSite } from "./shown-site";
import type { Write } from "./value-writer";

/** Text that is put together before it is written. */
const OUTPUT = 512 * 1024;
/** Between two looks at the ring buffer: each costs as much as showing some hundred calls. */
const PACE = { soonestNs: 2 * NS_PER.ms, latestNs: 20 * NS_PER.ms, fill: 1 / 8 };
/** What the kernel puts before each record: BPF_RINGBUF_HDR_SZ. */
const RECORD_HEAD = 8;
/** How long to go on without letting signals and timers have their turn. */
const TURN_NS = BigInt(20 * NS_PER.ms);

/** Shows calls until the end. */
export async function watchCalls(
  context: Context,
  session: Session,
  probe: TraceProbe,
  resolved: Resolved,
  given: Options,
): Promise<Outcome> {
  const { clock } = context;
  const sites = shownSites(resolved, probe.layouts);
  const startedAt = clock.now();
  const startNs = clock.monotonicNs();
  const writer = createWriter(context, sites, given, { startedAt, startNs });
  const stream = new Stream(context, session, probe, sites, writer, given);
  const unshown = unshownOf(session, probe);
  const isGuarded = context.tracee === undefined && !given.force && given.maxEvents === undefined;
  const guard = isGuarded ? new RateGuard(startNs, (text) => context.notice(text)) : undefined;
  await context.print(writer.head());
  context.tracee?.start();
  await stream.untilOver(given.duration === undefined ? undefined : startNs + BigInt(given.duration), guard);
  session.detach();
  await stream.rest();
  const { lost, filtered } = unshown();
  const durationNs = Number(clock.monotonicNs() - startNs);
  const { counts } = stream;
  const end = writer.end({ startedAt, endedAt: clock.now(), durationNs, counts, lost, filtered });
  if (end.length > 0) await context.print(end);
  const total = Object.values(lost).reduce((sum, count) => sum + count, 0);
  if (UNSAID.includes(context.format))
    context.notice(
      [`${totalOf(counts)} calls.`, ...filteredSentences({ filtered }), lossSentence({ lost })].join(" "),
    );
  return { lost: total };
}

/** Formats without a place for totals and losses. */
const UNSAID: readonly string[] = ["csv", "perfetto", "chrome", "dot"];

/** How everything that is traced is shown, by the sites' numbers. */
function shownSites({ sites, names }: Resolved, layouts: readonly RecordLayout[]): ShownSite[] {
  const categories: ShownSite["category"][] = [
    ...sites.syscalls.map(() => "syscall" as const),
    ...sites.tracepoints.map(() => "tracepoint" as const),
    ...sites.functions.map(({ memory }) => memory),
  ];
  return names.map((name, i) => ({
    ...name,
    layout: layouts[i] as RecordLayout,
    category: categories[i] ?? "kernel",
  }));
}

interface Beginning {
  readonly startedAt: Date;
  readonly startNs: bigint;
}

function createWriter(
  context: Context,
  sites: readonly ShownSite[],
  given: Options,
  { startedAt, startNs }: Beginning,
): CallWriter {
  const clock = new CallClock(startedAt, startNs);
  const { version, format } = context;
  const origin = { tool: "bpfkit", version, command: "trace-fn", kernel: context.facts().release };
  if (given.graph)
    return graphWriter(graphForm(format, sites, clock, origin), {
      nesting: new CallNesting(),
      longest: longestLine(sites),
      decidesAtReturn: isDecidedAtReturn(given),
    });
  switch (format) {
    case "csv":
      return csvWriter(sites, clock);
    case "ndjson":
      return ndjsonWriter(sites, clock);
    case "json":
      return jsonWriter(sites, clock, origin);
    case "chrome":
      return chromeWriter(sites, origin);
    case "perfetto":
      return perfettoWriter(startedAt, startNs);
    default:
      return lineWriter(sites, clock);
  }
}

function graphForm(
  format: string,
  sites: readonly ShownSite[],
  clock: CallClock,
  origin: Readonly<Record<string, Json>>,
): GraphForm {
  if (format === "dot") return graphDot(sites);
  if (format === "json") return graphJson(sites, clock, origin);
  return format === "ndjson" ? graphJson(sites, clock) : graphLines(sites, clock);
}

/** The calls on their way from the ring buffer to the output. */
class Stream {
  /** Calls shown, by site. */
  readonly counts: Float64Array;
  private readonly out: ByteWriter;
  /** What writes the calls of each site. */
  private readonly writers: readonly Write[];
  /** How many lines fit into the output's memory for certain. */
  private readonly chunk: number;
  /** How many more are shown to their end. */
  private left: number;
  private ended = 0;
  /** Of the records that stand for calls, where these have two. */
  private readonly counted: number;

  constructor(
    private readonly context: Context,
    private readonly session: Session,
    private readonly probe: TraceProbe,
    private readonly sites: readonly ShownSite[],
    private readonly writer: CallWriter,
    given: Options,
  ) {
    const longest = longestLine(sites);
    this.out = new ByteWriter(Math.max(OUTPUT, longest));
    this.chunk = Math.floor(this.out.bytes.length / longest);
    this.writers = sites.map((site) => writer.writerOf(site));
    this.counts = new Float64Array(sites.length);
    this.left = given.maxEvents ?? Number.POSITIVE_INFINITY;
    this.counted = given.graph && isDecidedAtReturn(given) ? RecordKind.return : RecordKind.entry;
  }

  /** Shows calls until the run is over: by `endNs`, by the signal, or because enough have been shown. */
  async untilOver(endNs: bigint | undefined, guard?: RateGuard): Promise<void> {
    const { clock, signal } = this.context;
    const ring = this.session.ringBuffer(this.probe.ring);
    const arrived = this.arrivals();
    const pace = new RingPace(PACE);
    while (!signal.aborted && this.left > 0) {
      const now = clock.monotonicNs();
      if (endNs !== undefined && now >= endNs) return;
      if (guard?.holds(now, arrived)) {
        await clock.sleep(PACE.soonestNs, signal);
        continue;
      }
      const pauseNs = pace.next(ring.filled);
      const isDry = await this.show(now + TURN_NS);
      if (this.left === 0) return;
      const untilEnd = endNs === undefined ? pauseNs : Number(endNs - clock.monotonicNs());
      // A ring that is not dry yet waits only for the others' turn.
      await clock.sleep(isDry ? Math.max(0, Math.min(pauseNs, untilEnd)) : 0, signal);
    }
  }

  /** A function that tells how many calls have come since now: those shown, those that wait, those lost. */
  private arrivals(): () => Arrived {
    const ring = this.session.ringBuffer(this.probe.ring);
    const largest = Math.max(...this.sites.map(({ layout }) => layout.size));
    const losses = this.session.mappedArray(this.probe.losses);
    // Records of many sizes are at least so many.
    const read = () => ring.consumed + ring.pending / (largest + RECORD_HEAD) + losses.get(0).ringFull;
    const before = read();
    return () => ({ calls: read() - before, filled: ring.pending / ring.spec.maxEntries });
  }

  /** Shows what is left when nothing more can come. */
  async rest(): Promise<void> {
    while (this.left > 0 && !(await this.show()));
    this.writer.rest?.(this.out);
    if (this.out.at > 0) await this.context.print(this.out.take());
  }

  /** Shows what is there, until `turnNs`; tells whether the ring was emptied. */
  private async show(turnNs?: bigint): Promise<boolean> {
    const ring = this.session.ringBuffer(this.probe.ring);
    for (;;) {
      const limit = Math.min(this.chunk, this.left);
      const ended = this.ended;
      const count = ring.consume(this.visit, limit);
      this.left -= this.ended - ended;
      this.writer.pause?.(this.out);
      if (this.out.at > 0) await this.context.print(this.out.take());
      if (count < limit) return true;
      if (this.left === 0 || (turnNs !== undefined && this.context.clock.monotonicNs() >= turnNs))
        return false;
    }
  }

  private readonly visit = (view: DataView, at: number): void => {
    const index = view.getUint32(at + CallHead.offsets.site, true);
    const kind = view.getUint32(at + CallHead.offsets.kind, true);
    if (kind === RecordKind.call || kind === this.counted) this.counts[index] = (this.counts[index] ?? 0) + 1;
    if (kind === RecordKind.call || kind === RecordKind.return) this.ended++;
    (this.writers[index] as Write)(this.out, view, at);
  };
}
