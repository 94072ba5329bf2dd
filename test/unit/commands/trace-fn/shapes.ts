/** What `bpfkit trace-fn --json` prints, in each of its variants: the source of docs/schema/trace-fn.json. */
import {
  counter,
  documentSchema,
  lineSchema,
  type ReportShape,
  type Schema,
} from "../../../../src/output/schema";
import { lostSchema, profileDocument } from "../stack-profile/shapes";
import { slug } from "../syscall-top/shapes";

const command = "trace-fn";
const name: Schema = { type: "string" };
/** Numbers as numbers, above 2^53 − 1 as strings; addresses, names, paths and strings as strings. */
const value: Schema = { anyOf: [{ type: "integer" }, { type: "string" }, { type: "boolean" }] };
const number: Schema = { anyOf: [{ type: "integer" }, { type: "string" }] };
const argument: Schema = { anyOf: [value, { type: "array", items: number }] };
const rate: Schema = { anyOf: [{ type: "number", minimum: 0 }, { type: "null" }] };
const share: Schema = { type: "number", minimum: 0, maximum: 1 };

/** Null where a range has no end. */
const bound: Schema = { anyOf: [{ type: "integer" }, { type: "null" }] };

const lost = ["ringFull", "unfollowedCalls", "missedRuns"] as const;
const totals = {
  count: counter,
  filtered: counter,
  functions: counter,
  rows: counter,
  shownRows: counter,
} as const;
const times = {
  totalNs: counter,
  avgNs: counter,
  p50Ns: counter,
  p95Ns: counter,
  p99Ns: counter,
  maxNs: counter,
} as const;

const call = {
  time: name,
  event: { const: "call" },
  pid: counter,
  tid: counter,
  comm: name,
  function: name,
  args: { type: "object", additionalProperties: argument },
  result: value,
  errno: name,
  durationNs: counter,
} as const;
/** With --graph a call has a number, and that of the call around it. */
const nested = {
  ...call,
  id: counter,
  parent: { anyOf: [counter, { type: "null" }] },
  depth: counter,
  returned: { type: "boolean" },
  selfNs: counter,
} as const;
const ofReturns = ["result", "errno", "durationNs", "returned", "selfNs"];
const functions: Schema = { type: "object", additionalProperties: counter };

/** Every variant by the options that make it. */
export const shapes = {
  calls: {
    command,
    row: call,
    optional: ["result", "errno", "durationNs"],
    totals: { count: counter, filtered: counter, functions },
    lost,
  },
  "--graph": {
    command,
    row: nested,
    optional: ofReturns,
    totals: { count: counter, filtered: counter, functions },
    lost,
  },
  "--count": { command, row: { function: name, count: counter, ratePerSecond: rate }, totals, lost },
  "--latency": {
    command,
    row: { function: name, count: counter, ...times },
    totals: { ...totals, totalNs: counter, relativeError: share },
    lost,
  },
  "--dist": {
    command,
    row: { function: name, from: bound, to: bound, count: counter },
    totals: { count: counter, filtered: counter, rows: counter },
    lost,
  },
  "--list": {
    command,
    row: { via: name, function: name, prototype: name, leftOut: name },
    totals: { rows: counter, leftOut: counter },
    lost: [],
  },
  "--plan": {
    command,
    row: { function: name, via: name, next: name, notBy: name, leftOut: name },
    totals: { rows: counter, leftOut: counter },
    lost: [],
  },
} as const satisfies Record<string, ReportShape>;

const object = (properties: Readonly<Record<string, Schema>>, required: readonly string[]): Schema => ({
  type: "object",
  properties,
  required,
  additionalProperties: false,
});

/** A line of NDJSON: a call, or the end with the totals. */
function callsLine(
  variant: string,
  line: Readonly<Record<string, Schema>>,
  optional: readonly string[],
): Schema {
  const end = { time: name, event: { const: "end" }, count: counter, filtered: counter, functions };
  const losses = object(Object.fromEntries(lost.map((reason) => [reason, counter])), lost);
  return {
    title: `bpfkit trace-fn${variant}, a line`,
    anyOf: [
      object(
        line,
        Object.keys(line).filter((key) => !optional.includes(key)),
      ),
      object({ ...end, lost: losses }, [...Object.keys(end), "lost"]),
    ],
  };
}

const stackLosses = [
  ...["mapFull", "mapBusy", "stacksFull", "collisions", "unwalkable", "missedRuns", "unfollowedCalls"],
];
/** With --unwind dwarf. */
const copyLosses = ["samplesFull"];

/** A document of stacks is a profile, and a line of NDJSON is a stack. */
const stacks = { title: "bpfkit trace-fn --stacks", ...profileDocument(command, stackLosses, copyLosses) };
function stacksLine(): Schema {
  const row = { count: counter, comm: name, stack: name };
  const { $schema: _dialect, ...schema } = lineSchema({ command, row, totals: {}, lost: stackLosses });
  const properties = schema["properties"] as Readonly<Record<string, Schema>>;
  const own = { ...properties, lost: lostSchema(stackLosses, copyLosses) };
  return { ...schema, title: "bpfkit trace-fn --stacks, a line", properties: own };
}

/** Variants whose documents are no reports. */
const others = ["stacks"];

/** The whole schema: a document is one of the variants, and so is a line of NDJSON, at `#/$defs/line`. */
export function traceFnSchema(): Schema {
  const each = Object.entries<ReportShape>(shapes);
  const names = [...each.map(([variant]) => slug(variant)), ...others];
  const titled = (variant: string, { $schema: _dialect, ...schema }: Schema) => ({
    ...schema,
    title: `bpfkit trace-fn ${variant === "calls" ? "" : variant}`.trim(),
  });
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "bpfkit trace-fn --format json; $defs/line is a line of --format ndjson",
    anyOf: names.map((variant) => ({ $ref: `#/$defs/${variant}` })),
    $defs: {
      line: { anyOf: names.map((variant) => ({ $ref: `#/$defs/${variant}Line` })) },
      ...Object.fromEntries(
        each.map(([variant, shape]) => [slug(variant), titled(variant, documentSchema(shape))]),
      ),
      ...Object.fromEntries(
        each
          .filter(([variant]) => variant !== "calls" && variant !== "--graph")
          .map(([variant, shape]) => [
            `${slug(variant)}Line`,
            titled(`${variant}, a line`, lineSchema(shape)),
          ]),
      ),
      callsLine: callsLine("", call, ["result", "errno", "durationNs"]),
      graphLine: callsLine(" --graph", nested, ofReturns),
      stacks,
      stacksLine: stacksLine(),
    },
  };
}
