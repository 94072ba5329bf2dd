/** The dashboard on a terminal: what is shown, and what the keys change about it. */
import type { Report } from "../../output/report";
import type { Key, LiveScreen } from "../context";
import { taskFilter } from "../open-probe";
import { unclosed } from "./counters";
import { DrillDown } from "./drill-down";
import { type FrameContent, frame } from "./frame";
import type { ReportOptions, Row } from "./report";
import { beginning, ordered, press } from "./view-state";
import type { Opened } from "./watch";

/** What the view needs of the run it shows. */
export interface Shown {
  course(counter: string): readonly number[];
  quit(): void;
  reset(): void;
}

/** What is known of the interval besides its rows. */
type Judged = Pick<ReportOptions, "firing" | "cost">;

export class LiveView implements Disposable {
  private state = beginning;
  private drill: DrillDown | undefined;
  private report: Report<Row> | undefined;
  private firing: readonly string[] = [];
  private lost = 0;
  private ownCpu = 0;
  private programCpu: number | undefined;
  private cpuNs: number;
  private atNs: bigint;

  constructor(
    private readonly opened: Opened,
    private readonly screen: LiveScreen,
    private readonly shown: Shown,
  ) {
    this.cpuNs = screen.ownCpuNs();
    this.atNs = opened.context.clock.monotonicNs();
    screen.onKey((key) => this.press(key));
  }

  /** Shows new figures, unless the screen is to stand still. */
  async show(report: Report<Row>, { firing, cost }: Judged, lost: number): Promise<void> {
    this.drill?.read();
    if (this.state.paused && this.report !== undefined) return;
    this.report = report;
    this.firing = firing;
    this.programCpu = cost && report.durationNs > 0 ? cost.ns / report.durationNs : undefined;
    this.lost = lost + (this.drill?.lost ?? 0);
    this.measureOurselves();
    await this.draw();
  }

  [Symbol.dispose](): void {
    this.drill?.[Symbol.dispose]();
    this.drill = undefined;
  }

  private press(key: Key): void {
    const names = ordered(this.report?.rows ?? [], this.state.order).map(({ counter }) => counter);
    const { state, action } = press(this.state, key, names);
    this.state = state;
    if (action === "quit") {
      this.shown.quit();
      return;
    }
    if (action === "reset") this.shown.reset();
    this.drillInto(state.drilled);
    // A terminal that is gone is found out at the next report, too.
    void this.draw().catch(() => {});
  }

  private drillInto(counter: string | undefined): void {
    if (counter === this.drill?.counter) return;
    this[Symbol.dispose]();
    if (counter === undefined) return;
    const { context, given, probeBehind } = this.opened;
    const counted = counter === unclosed.name ? unclosed.plus : counter;
    const whose = { filter: taskFilter(given), follow: context.tracee !== undefined };
    this.drill = new DrillDown(counter, context, probeBehind(counted), whose);
  }

  private async draw(): Promise<void> {
    const { report } = this;
    if (report === undefined) return;
    const content: FrameContent = {
      rows: report.rows,
      state: this.state,
      processes: this.drill?.processes ?? [],
      course: (counter) => this.shown.course(counter),
      firing: this.firing,
      ownCpu: this.ownCpu,
      programCpu: this.programCpu,
      lost: this.lost,
    };
    await this.opened.context.output.report({ ...report, frame: (place) => frame(content, place) });
  }

  private measureOurselves(): void {
    const [cpuNs, atNs] = [this.screen.ownCpuNs(), this.opened.context.clock.monotonicNs()];
    const elapsed = Number(atNs - this.atNs);
    if (elapsed > 0) this.ownCpu = (cpuNs - this.cpuNs) / elapsed;
    this.cpuNs = cpuNs;
    this.atNs = atNs;
  }
}
