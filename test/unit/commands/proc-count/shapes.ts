/** What `bpfkit proc-count --json` prints, in each of its variants: the source of docs/schema/proc-count.json. */
import {
  counter,
  documentSchema,
  lineSchema,
  type ReportShape,
  type Schema,
} from "../../../../src/output/schema";
import { slug } from "../syscall-top/shapes";

const command = "proc-count";
const name: Schema = { type: "string" };
const flag: Schema = { type: "boolean" };
const words: Schema = { type: "array", items: name };
const rate: Schema = { anyOf: [{ type: "number", minimum: 0 }, { type: "null" }] };
const share: Schema = { type: "number", minimum: 0, maximum: 1 };
const orNull = (schema: Schema): Schema => ({ anyOf: [schema, { type: "null" }] });

const labels = {
  pid: counter,
  comm: name,
  exe: name,
  args: words,
  argsCut: flag,
  parent: name,
  uid: counter,
  user: name,
  cgroup: name,
  container: name,
} as const;

const costs = {
  cpuNs: counter,
  userNs: counter,
  systemNs: counter,
  runQueueNs: counter,
  voluntarySwitches: counter,
  involuntarySwitches: counter,
  maxRssBytes: counter,
  readBytes: counter,
  writtenBytes: counter,
  minorFaults: counter,
  majorFaults: counter,
  forks: counter,
  exits: counter,
  failed: counter,
  killed: counter,
  signals: { type: "object", additionalProperties: counter },
  running: counter,
  wallNs: counter,
} as const;

const totals = { count: counter, ratePerSecond: rate, rows: counter, shownRows: counter } as const;
const costTotals = {
  cpuNs: counter,
  userNs: counter,
  systemNs: counter,
  exits: counter,
  failed: counter,
  killed: counter,
  forks: counter,
  running: counter,
} as const;
const lost = ["mapFull", "tasksFull", "evicted", "missedRuns"] as const;
const eventLosses = ["ringFull", "missedRuns", "mapFull"] as const;

const counts = {
  row: { ...labels, count: counter, share, ratePerSecond: rate },
  optional: Object.keys(labels),
  totals: { ...totals, shownCount: counter },
  lost,
} as const;

const event = {
  at: name,
  event: { enum: ["exec", "exit", "failed"] },
  pid: counter,
  ppid: orNull(counter),
  parent: orNull(name),
  uid: counter,
  user: name,
  container: orNull(name),
  comm: name,
  exe: orNull(name),
  args: orNull(words),
  argsCut: orNull(flag),
  errno: orNull(name),
  path: orNull(name),
  exitCode: orNull(counter),
  signal: orNull(name),
  coreDumped: orNull(flag),
  ageNs: orNull(counter),
  cpuNs: orNull(counter),
  userNs: orNull(counter),
  systemNs: orNull(counter),
  voluntarySwitches: orNull(counter),
  involuntarySwitches: orNull(counter),
  minorFaults: orNull(counter),
  majorFaults: orNull(counter),
  readBytes: orNull(counter),
  writtenBytes: orNull(counter),
  maxRssBytes: orNull(counter),
} as const;

/** Every variant by the options that make it. */
export const shapes = {
  counts: { command, ...counts },
  "--map lru": {
    command,
    ...counts,
    totals: { ...counts.totals, evicted: { enum: ["exact", "estimated"] } },
  },
  "--cost": {
    command,
    row: { ...labels, count: counter, ...costs },
    optional: Object.keys(labels),
    totals: { ...totals, shownCount: counter, ...costTotals },
    lost,
  },
  "--tree": {
    command,
    row: {
      pid: counter,
      ppid: counter,
      depth: counter,
      comm: name,
      count: counter,
      selfCpuNs: counter,
      ...costs,
    },
    totals: { ...totals, ...costTotals },
    lost,
  },
  "--events": { command, row: event, totals: { count: counter }, lost: eventLosses },
  "--failed": {
    command,
    row: { comm: name, errno: name, path: name, count: counter },
    totals: { count: counter, rows: counter, shownRows: counter },
    lost: eventLosses,
  },
  "--flapping": {
    command,
    row: { args: words, perMinute: counter, failed: counter, ended: counter, lastStatus: name },
    totals: { rows: counter, shownRows: counter },
    lost: eventLosses,
  },
} as const satisfies Record<string, ReportShape>;

/** A line of `--events -f ndjson`: members that an event does not have are absent. */
const eventLine: Schema = {
  type: "object",
  required: ["time", "event"],
  properties: {
    time: name,
    event: { enum: ["exec", "exit", "failed", "end"] },
    pid: counter,
    ppid: counter,
    parent: name,
    uid: counter,
    user: name,
    container: name,
    comm: name,
    exe: name,
    args: words,
    argsCut: flag,
    errno: name,
    path: name,
    exitCode: counter,
    signal: name,
    coreDumped: flag,
    ageNs: counter,
    cpuNs: counter,
    userNs: counter,
    systemNs: counter,
    voluntarySwitches: counter,
    involuntarySwitches: counter,
    minorFaults: counter,
    majorFaults: counter,
    readBytes: counter,
    writtenBytes: counter,
    maxRssBytes: counter,
    count: counter,
    lost: { type: "object", additionalProperties: counter },
  },
  additionalProperties: false,
};

/** The whole schema: a document is one of the variants, and so is a line of NDJSON, at `#/$defs/line`. */
export function procCountSchema(): Schema {
  const each = Object.entries<ReportShape>(shapes);
  const titled = (variant: string, { $schema: _dialect, ...schema }: Schema) => ({
    ...schema,
    title: `bpfkit proc-count ${variant === "counts" ? "" : variant}`.trim(),
  });
  const lines = each.filter(([variant]) => variant !== "--events");
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "bpfkit proc-count --format json; $defs/line is a line of --format ndjson",
    anyOf: each.map(([variant]) => ({ $ref: `#/$defs/${slug(variant)}` })),
    $defs: {
      line: { anyOf: each.map(([variant]) => ({ $ref: `#/$defs/${slug(variant)}Line` })) },
      ...Object.fromEntries(
        each.map(([variant, shape]) => [slug(variant), titled(variant, documentSchema(shape))]),
      ),
      ...Object.fromEntries(
        lines.map(([variant, shape]) => [
          `${slug(variant)}Line`,
          titled(`${variant}, a line`, lineSchema(shape)),
        ]),
      ),
      eventsLine: { title: "bpfkit proc-count --events, a line", ...eventLine },
    },
  };
}
