/** JSON Schema (draft 2020-12) of what json and ndjson print; a command adds its rows, totals and losses. */

/** A JSON Schema, as data. */
export type Schema = Readonly<Record<string, unknown>>;

/** What is particular to a command: one schema per JSON name. All names are required. */
export interface ReportShape {
  readonly command: string;
  readonly row: Readonly<Record<string, Schema>>;
  /** Names of `row` and `totals` that are there only with some options. */
  readonly optional?: readonly string[] | undefined;
  readonly totals: Readonly<Record<string, Schema>>;
  /** The reasons for losses, in camelCase. */
  readonly lost: readonly string[];
}

/** A whole number from 0; above 2^53 − 1 a string of digits. */
export const counter: Schema = {
  anyOf: [
    { type: "integer", minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
    { type: "string", pattern: "^[0-9]+$" },
  ],
};

const time: Schema = { type: "string", pattern: "^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z$" };
const duration: Schema = { type: "number", minimum: 0 };
const text: Schema = { type: "string", minLength: 1 };

/** The schema of a command's `--format json` document. */
export function documentSchema(shape: ReportShape): Schema {
  return {
    ...named(shape, "json"),
    ...object({
      tool: { const: "bpfkit" },
      version: text,
      command: { const: shape.command },
      kernel: text,
      startedAt: time,
      endedAt: time,
      durationNs: duration,
      rows: { type: "array", items: object(shape.row, shape.optional) },
      totals: object(shape.totals, shape.optional),
      lost: lostSchema(shape),
    }),
  };
}

/** The schema of one line of a command's `--format ndjson`. */
export function lineSchema(shape: ReportShape): Schema {
  return {
    ...named(shape, "ndjson"),
    ...object(
      { time, startedAt: time, durationNs: duration, ...shape.row, lost: lostSchema(shape) },
      shape.optional,
    ),
  };
}

function named(shape: ReportShape, format: string): Schema {
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: `bpfkit ${shape.command} --format ${format}`,
  };
}

function lostSchema(shape: ReportShape): Schema {
  return object(Object.fromEntries(shape.lost.map((reason) => [reason, counter])));
}

function object(properties: Readonly<Record<string, Schema>>, optional: readonly string[] = []): Schema {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: "object", properties, required, additionalProperties: false };
}
