/** From figures to a report: the columns, rows and sentences. Pure. */
import type { Column, Report } from "../../output/report";
import type { AlertEvent } from "./alert-state";
import { type Cost, costSentence } from "./program-cost";
import type { Reading } from "./series";

/** One counter in one interval. */
export interface Row {
  readonly counter: string;
  readonly unit: string;
  readonly reading: Reading;
  /** How many of its alerts fire. */
  readonly alerts: number;
}

/** The stretch of time a report is about. */
export interface Span {
  readonly startedAt: Date;
  readonly endedAt: Date;
  readonly durationNs: number;
}

/** A rate for people: a few significant digits, with k, M or G above 10,000. */
export function rateText(rate: number): string {
  const size = Math.abs(rate);
  if (size === 0) return "0";
  if (size < 10) return rate.toFixed(2);
  if (size < 100) return rate.toFixed(1);
  return scaled(rate);
}

/** A number of at most five digits and a letter for its thousands. */
export function scaled(value: number): string {
  const size = Math.abs(value);
  for (const [letter, factor] of [
    ["G", 1e9],
    ["M", 1e6],
    ["k", 1e3],
  ] as const)
    if (size >= factor * 10) return `${(value / factor).toFixed(size < factor * 1000 ? 1 : 0)}${letter}`;
  return value.toFixed(0);
}

/** Totals from here on are shortened, so that the table fits into 80 columns. */
const EXACT = 10_000_000;

const rounded = (value: number) => Math.round(value * 1000) / 1000;

function rate(title: string, key: string, of: (reading: Reading) => number): Column<Row> {
  return {
    title,
    unit: "/s",
    key,
    align: "right",
    text: ({ reading }) => rateText(of(reading)),
    json: ({ reading }) => rounded(of(reading)),
  };
}

function columns(withAlerts: boolean): Column<Row>[] {
  return [
    { title: "counter", key: "counter", text: ({ counter }) => counter, json: ({ counter }) => counter },
    { title: "unit", key: "unit", text: ({ unit }) => unit, json: ({ unit }) => unit },
    {
      title: "total",
      key: "total",
      align: "right",
      text: ({ reading: { total } }) => (Math.abs(total) < EXACT ? total.toFixed(0) : scaled(total)),
      json: ({ reading }) => reading.total,
    },
    {
      title: "count",
      key: "count",
      align: "right",
      text: ({ reading }) => scaled(reading.count),
      json: ({ reading }) => reading.count,
    },
    rate("rate", "ratePerSecond", (reading) => reading.rate),
    rate("avg", "averagePerSecond", (reading) => reading.avg),
    rate("ewma", "ewmaPerSecond", (reading) => reading.ewma),
    rate("min", "minPerSecond", (reading) => reading.min),
    rate("max", "maxPerSecond", (reading) => reading.max),
    ...(withAlerts
      ? [
          {
            title: "alerts",
            key: "alerts",
            align: "right" as const,
            text: ({ alerts }: Row) => (alerts === 0 ? "" : "!".repeat(alerts)),
            json: ({ alerts }: Row) => alerts,
          },
        ]
      : []),
  ];
}

/** What else a report says. */
export interface ReportOptions {
  /** `10s` */
  readonly windowText: string;
  readonly withAlerts: boolean;
  /** How often alerts have fired since the beginning. */
  readonly fired: number;
  readonly firing: readonly string[];
  /** What the programs cost in the span, if that was asked for. */
  readonly cost?: Cost | undefined;
}

/** The report of one interval. */
export function dashboardReport(
  rows: readonly Row[],
  span: Span,
  lost: Readonly<Record<string, number>>,
  { windowText, withAlerts, fired, firing, cost }: ReportOptions,
): Report<Row> {
  return {
    ...span,
    columns: columns(withAlerts),
    rows,
    totals: {
      rows: rows.length,
      ...(withAlerts ? { alertsFired: fired, alertsFiring: firing.length } : {}),
      ...(cost === undefined ? {} : { programRuns: cost.runs, programNs: cost.ns }),
    },
    footer: [
      `AVG looks back ${windowText}; in EWMA what is half as old weighs half.`,
      ...(cost === undefined ? [] : [costSentence(cost, span.durationNs)]),
      ...firing.map((text) => `Alert: ${text}.`),
    ],
    lost,
  };
}

/** An alert's change as a report of its own, for formats of events. */
export function alertReport(event: AlertEvent, span: Span): Report<AlertEvent> {
  const column = (key: string, json: (event: AlertEvent) => string | number): Column<AlertEvent> => ({
    title: key,
    key,
    text: (each) => String(json(each)),
    json,
  });
  return {
    ...span,
    columns: [
      column("alert", ({ alert }) => alert.text),
      column("state", ({ state }) => state),
      column("counter", ({ alert }) => alert.counter),
      column("figure", ({ alert }) => alert.figure),
      column("value", ({ value }) => rounded(value)),
      column("limit", ({ alert }) => alert.fires.limit),
    ],
    rows: [event],
    totals: {},
    footer: [],
    lost: {},
  };
}

/** What an alert's change is called on one line. */
export function alertSentence({ alert, state, value }: AlertEvent): string {
  const figure = alert.figure === "total" ? value.toFixed(0) : `${rateText(value)}/s`;
  return `alert ${state}: ${alert.text} (${alert.figure} is ${figure})`;
}
