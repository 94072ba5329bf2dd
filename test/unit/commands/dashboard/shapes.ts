/** What `bpfkit dashboard --json` prints, in each of its variants: the source of docs/schema/dashboard.json. */
import { documentSchema, lineSchema, type ReportShape, type Schema } from "../../../../src/output/schema";

const command = "dashboard";
const text: Schema = { type: "string", minLength: 1 };
const whole: Schema = { type: "integer" };
const count: Schema = { type: "integer", minimum: 0 };
const number: Schema = { type: "number" };

/** Every variant by its name in `$defs`. */
export const shapes = {
  counters: {
    command,
    row: {
      counter: text,
      unit: { enum: ["events", "bytes", ""] },
      total: whole,
      count: whole,
      ratePerSecond: number,
      averagePerSecond: number,
      ewmaPerSecond: number,
      minPerSecond: number,
      maxPerSecond: number,
    },
    totals: { rows: count, programRuns: count, programNs: count },
    optional: ["programRuns", "programNs"],
    lost: ["missedRuns"],
  },
  get withAlerts() {
    return {
      ...shapes.counters,
      row: { ...shapes.counters.row, alerts: count },
      totals: { ...shapes.counters.totals, alertsFired: count, alertsFiring: count },
    };
  },
  list: {
    command,
    row: { counter: text, unit: text, tracepoint: text, what: text },
    totals: { rows: count },
    lost: [],
  },
} as const;

/** A line about an alert, in NDJSON only. */
export const alertShape: ReportShape = {
  command,
  row: {
    alert: text,
    state: { enum: ["fired", "cleared"] },
    counter: text,
    figure: { enum: ["rate", "avg", "ewma", "total"] },
    value: number,
    limit: number,
  },
  totals: {},
  lost: [],
};

/** The whole schema: a document is one of the variants, and so is a line of NDJSON, at `#/$defs/line`. */
export function dashboardSchema(): Schema {
  const each = Object.entries<ReportShape>(shapes);
  const titled = (title: string, { $schema: _dialect, ...schema }: Schema) => ({
    ...schema,
    title: `bpfkit dashboard, ${title}`,
  });
  const lines = [...each, ["alert", alertShape] as const];
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "bpfkit dashboard --format json; $defs/line is a line of --format ndjson",
    anyOf: each.map(([name]) => ({ $ref: `#/$defs/${name}` })),
    $defs: {
      line: { anyOf: lines.map(([name]) => ({ $ref: `#/$defs/${name}Line` })) },
      ...Object.fromEntries(each.map(([name, shape]) => [name, titled(name, documentSchema(shape))])),
      ...Object.fromEntries(
        lines.map(([name, shape]) => [`${name}Line`, titled(`${name}, a line`, lineSchema(shape))]),
      ),
    },
  };
}
