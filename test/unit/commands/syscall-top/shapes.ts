/** What `bpfkit syscall-top --json` prints, in each of its variants: the source of docs/schema/syscall-top.json. */
import {
  counter,
  documentSchema,
  lineSchema,
  type ReportShape,
  type Schema,
} from "../../../../src/output/schema";

const command = "syscall-top";
const name: Schema = { type: "string" };
const number: Schema = { type: "integer" };
/** Null when no time has passed. */
const rate: Schema = { anyOf: [{ type: "number", minimum: 0 }, { type: "null" }] };
const share: Schema = { type: "number", minimum: 0, maximum: 1 };

const labels = {
  nr: number,
  syscall: name,
  pid: counter,
  tid: counter,
  comm: name,
  cgroup: name,
  container: name,
  errno: name,
} as const;

const totals = {
  count: counter,
  ratePerSecond: rate,
  shownCount: counter,
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

const latencyTotals = { totalNs: counter, relativeError: share } as const;
const lost = ["mapFull", "evicted", "unfollowedCalls", "missedRuns"] as const;

function counted(latency: boolean, errors: boolean): ReportShape {
  return {
    command,
    row: {
      ...labels,
      count: counter,
      ...(errors ? { failed: counter } : {}),
      ...(latency ? times : { share, ratePerSecond: rate }),
    },
    optional: Object.keys(labels),
    totals: { ...totals, ...(errors ? { failed: counter } : {}), ...(latency ? latencyTotals : {}) },
    lost,
  };
}

/** Every variant by the options that make it. */
export const shapes = {
  counts: counted(false, false),
  "--errors": counted(false, true),
  "--latency": counted(true, false),
  "--latency --errors": counted(true, true),
  "--in-flight": {
    command,
    row: { pid: counter, tid: counter, comm: name, nr: number, syscall: name, ageNs: counter },
    totals: { inFlight: counter, shownRows: counter },
    lost: ["unfollowedCalls", "missedRuns"],
  },
  "--list": { command, row: { abi: name, nr: number, syscall: name }, totals: { rows: counter }, lost: [] },
} as const satisfies Record<string, ReportShape>;

export type Variant = keyof typeof shapes;

/** The whole schema: a document is one of the variants, and so is a line of NDJSON, at `#/$defs/line`. */
export function syscallTopSchema(): Schema {
  const each = Object.entries<ReportShape>(shapes);
  const titled = (variant: string, { $schema: _dialect, ...schema }: Schema) => ({
    ...schema,
    title: `bpfkit syscall-top ${variant === "counts" ? "" : variant}`.trim(),
  });
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "bpfkit syscall-top --format json; $defs/line is a line of --format ndjson",
    anyOf: each.map(([variant]) => ({ $ref: `#/$defs/${slug(variant)}` })),
    $defs: {
      line: { anyOf: each.map(([variant]) => ({ $ref: `#/$defs/${slug(variant)}Line` })) },
      ...Object.fromEntries(
        each.flatMap(([variant, shape]) => [
          [slug(variant), titled(variant, documentSchema(shape))],
          [`${slug(variant)}Line`, titled(`${variant}, a line`, lineSchema(shape))],
        ]),
      ),
    },
  };
}

/** The name of a variant in `$defs`: `latencyErrors`. */
export function slug(variant: string): string {
  return variant
    .replace(/[^a-z]+([a-z])/g, (_match, letter: string) => letter.toUpperCase())
    .replace(/^./, (letter) => letter.toLowerCase());
}
