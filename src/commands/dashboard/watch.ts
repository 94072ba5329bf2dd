/** From the first interval to the last: reads, judges alerts, reports. */
import type { Session } from "../../bpf/session";
import { formatDuration } from "../../core/units";
import type { Outcome } from "../command";
import type { Context } from "../context";
import { type Interval, intervals } from "../intervals";
import type { Metric } from "../metric";
import { serveMetrics } from "../prometheus";
import { AlertAction } from "./alert-action";
import { AlertState } from "./alert-state";
import { LiveView } from "./live-view";
import { dashboardMetrics } from "./metrics";
import { Monitor, type Watched } from "./monitor";
import { alertsOf, execWords, type Options } from "./options";
import type { DashboardProbe } from "./probe";
import { ProgramCost } from "./program-cost";
import { alertReport, alertSentence, dashboardReport, type Row, type Span } from "./report";

/** Everything a run needs once it is open. */
export interface Opened {
  readonly context: Context;
  readonly given: Options;
  readonly session: Session;
  readonly probe: DashboardProbe;
  readonly watched: readonly Watched[];
  /** The probe that counts one counter by process. */
  probeBehind(counter: string): DashboardProbe;
}

/** Runs until the end; before the last reading the programs are detached. */
export async function watch(opened: Opened): Promise<Outcome> {
  const { context, given, session } = opened;
  const { clock } = context;
  const ending = new AbortController();
  const end = () => ending.abort();
  context.signal.addEventListener("abort", end);
  if (context.signal.aborted) end();
  using cost = given.cost ? new ProgramCost(context.kernel(), session) : undefined;
  using run = new Run(opened, clock.monotonicNs(), end, cost);
  using _exporter = await serveMetrics(context, given.prometheus, () => run.metrics());
  const timing = { intervalNs: given.interval, durationNs: given.duration };
  for await (const interval of intervals(clock, timing, ending.signal)) {
    if (interval.last) session.detach();
    await run.take(interval);
  }
  return { lost: run.lost, alerted: given.check && run.fired > 0 };
}

class Run implements Disposable {
  lost = 0;
  fired = 0;
  private readonly monitor: Monitor;
  private readonly alerts: readonly AlertState[];
  private readonly action: AlertAction | undefined;
  private readonly view: LiveView | undefined;
  private startedAt: Date;
  private reportedAt: Date;

  constructor(
    private readonly opened: Opened,
    private startNs: bigint,
    end: () => void,
    private readonly cost: ProgramCost | undefined,
  ) {
    const { context, given, session, probe, watched } = opened;
    this.monitor = new Monitor(session, probe, watched, given.window / 1e6, startNs);
    this.alerts = alertsOf(given).map((alert) => new AlertState(alert));
    const words = execWords(given);
    this.action = words && new AlertAction(words, context.screen !== undefined, context.notice);
    this.startedAt = context.clock.now();
    this.reportedAt = this.startedAt;
    if (context.screen !== undefined)
      this.view = new LiveView(opened, context.screen, {
        course: (counter) => this.monitor.course(counter),
        quit: end,
        reset: () => this.reset(),
      });
  }

  [Symbol.dispose](): void {
    this.view?.[Symbol.dispose]();
  }

  /** What Prometheus fetches. */
  metrics(): Metric[] {
    const { given, session, watched } = this.opened;
    const names = watched.map(({ name }) => name);
    return dashboardMetrics(names, this.monitor.totals(), session.recursionMisses(), given.sum);
  }

  /** Everything that is to be done at the end of an interval. */
  async take(interval: Interval): Promise<void> {
    const { context, given } = this.opened;
    const isWhole = Number(interval.endNs - interval.startNs) * 2 >= given.interval;
    const rows = this.monitor.read(interval.endNs, isWhole);
    const missedRuns = this.monitor.missed();
    const cost = this.cost?.since();
    this.lost += missedRuns;
    const endedAt = context.clock.now();
    if (isWhole || this.startNs === interval.startNs) await this.judge(rows, interval, endedAt);
    const marked = rows.map((row) => ({ ...row, alerts: this.firing(row.counter) }));
    if (given.once && !interval.last) return;
    // On a terminal the whole run is what stays.
    const isSummary = given.once || (this.view !== undefined && interval.last);
    const span = isSummary
      ? { startedAt: this.startedAt, endedAt, durationNs: Number(interval.endNs - this.startNs) }
      : { startedAt: this.reportedAt, endedAt, durationNs: Number(interval.endNs - interval.startNs) };
    const shown = isSummary ? this.monitor.summary(marked, interval.endNs) : marked;
    this.reportedAt = endedAt;
    const lost = { missedRuns: isSummary ? this.lost : missedRuns };
    const options = { ...this.reportOptions(), cost: isSummary ? this.cost?.total() : cost };
    const report = dashboardReport(shown, span, lost, options);
    if (this.view === undefined || interval.last) await context.output.report(report);
    else await this.view.show(report, options, this.lost);
  }

  private reset(): void {
    const { clock } = this.opened.context;
    this.startNs = clock.monotonicNs();
    this.startedAt = clock.now();
    this.monitor.reset(this.startNs);
  }

  private reportOptions() {
    const { given } = this.opened;
    return {
      windowText: formatDuration(given.window),
      withAlerts: this.alerts.length > 0,
      fired: this.fired,
      firing: this.alerts.filter(({ firing }) => firing).map(({ alert }) => alert.text),
    };
  }

  private firing(counter: string): number {
    return this.alerts.filter(({ alert, firing }) => firing && alert.counter === counter).length;
  }

  private async judge(rows: readonly Row[], { startNs, endNs }: Interval, endedAt: Date): Promise<void> {
    const { context } = this.opened;
    const readings = new Map(rows.map(({ counter, reading }) => [counter, reading]));
    const span: Span = { startedAt: this.reportedAt, endedAt, durationNs: Number(endNs - startNs) };
    for (const state of this.alerts) {
      const reading = readings.get(state.alert.counter);
      const event = reading && state.update(reading, startNs, endNs);
      if (event === undefined) continue;
      if (event.state === "fired") this.fired++;
      if (context.screen === undefined) context.notice(alertSentence(event));
      else if (event.state === "fired") context.screen.bell();
      if (context.format === "ndjson") await context.output.report(alertReport(event, span));
      this.action?.run(event);
    }
  }
}
