/** Whether alerts fire: a condition that has held long enough, until the one that clears it holds. Pure. */
import { type Alert, type AlertFigure, crosses } from "./alert-expression";

/** The figures of a counter that an alert may be about. */
export type Figures = Readonly<Record<AlertFigure, number>>;

/** A change of an alert's state. */
export interface AlertEvent {
  readonly alert: Alert;
  readonly state: "fired" | "cleared";
  /** The figure that decided. */
  readonly value: number;
}

/** One alert over time. */
export class AlertState {
  private since: bigint | undefined;
  private isFiring = false;

  constructor(readonly alert: Alert) {}

  get firing(): boolean {
    return this.isFiring;
  }

  /** Takes the figures of an interval, and tells what that changes. A rate holds from the interval's start. */
  update(figures: Figures, startNs: bigint, endNs: bigint): AlertEvent | undefined {
    const { alert } = this;
    const value = figures[alert.figure];
    const holds = crosses(alert.fires, value);
    if (this.isFiring) {
      const over = alert.clears === undefined ? !holds : crosses(alert.clears, value);
      if (!over) return undefined;
      this.isFiring = false;
      this.since = undefined;
      return { alert, state: "cleared", value };
    }
    if (!holds) {
      this.since = undefined;
      return undefined;
    }
    this.since ??= alert.figure === "total" ? endNs : startNs;
    if (endNs - this.since < BigInt(alert.forNs)) return undefined;
    this.isFiring = true;
    return { alert, state: "fired", value };
  }
}
