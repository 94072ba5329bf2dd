/** What `bpfkit stack-profile --json` prints: the source of docs/schema/stack-profile.json. */
import { counter, lineSchema, type ReportShape, type Schema } from "../../../../src/output/schema";
import { frameKinds, weightUnits } from "../../../../src/output/stacks/profile";

const text: Schema = { type: "string" };
const number: Schema = { type: "integer", minimum: 0 };
const share: Schema = { type: "number", minimum: 0, maximum: 1 };
const address: Schema = { type: "string", pattern: "^0x[0-9a-f]+$" };
const time: Schema = { type: "string", pattern: "^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z$" };

const lost = ["mapFull", "mapBusy", "stacksFull", "collisions", "unwalkable", "missedRuns"];

/** Reasons that are there only where they can be. */
const sometimes = ["samplesFull", "tasksFull"];

function object(properties: Readonly<Record<string, Schema>>, optional: readonly string[] = []): Schema {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: "object", properties, required, additionalProperties: false };
}

const row = object(
  {
    label: text,
    pid: number,
    tid: number,
    count: counter,
    totalNs: counter,
    totalBytes: counter,
    stack: { type: "array", items: number },
  },
  ["pid", "tid", "totalNs", "totalBytes"],
);
const frame = object(
  { name: text, kind: { enum: frameKinds }, module: number, address, file: text, line: number, tier: text },
  ["module", "address", "file", "line", "tier"],
);
const mapped = object({ path: text, buildId: text, start: address, end: address, fileOffset: address }, [
  "buildId",
]);
const totals = object(
  {
    count: counter,
    totalNs: counter,
    totalBytes: counter,
    stacks: number,
    ticks: counter,
    frequency: number,
    rate: { anyOf: [{ type: "number", minimum: 0 }, { type: "null" }] },
  },
  ["totalNs", "totalBytes", "ticks", "frequency", "rate"],
);

/** The schema of a profile as a command prints it, with the reasons for losses, and those that are there only sometimes. */
export function profileDocument(
  command: string,
  reasons: readonly string[],
  optional: readonly string[],
): Schema {
  return object({
    tool: { const: "bpfkit" },
    version: text,
    command: { const: command },
    kernel: text,
    startedAt: time,
    endedAt: time,
    durationNs: { type: "number", minimum: 0 },
    profile: object({
      title: text,
      measure: { enum: ["cpu", "off-cpu", "wall", "wakeup", "event"] },
      unit: { enum: weightUnits },
      periodNs: { anyOf: [number, { type: "null" }] },
    }),
    rows: { type: "array", items: row },
    frames: { type: "array", items: frame },
    modules: { type: "array", items: mapped },
    notes: { type: "array", items: text },
    totals,
    lost: lostSchema(reasons, optional),
  });
}

/** The schema of losses. */
export function lostSchema(reasons: readonly string[], optional: readonly string[]): Schema {
  return object(Object.fromEntries([...reasons, ...optional].map((reason) => [reason, counter])), optional);
}

/** A line of NDJSON is a function. */
function line(figures: Readonly<Record<string, Schema>>): Schema {
  const shape: ReportShape = {
    command: "stack-profile",
    row: { group: text, selfShare: share, totalShare: share, ...figures, function: text, module: text },
    optional: ["group"],
    totals: {},
    lost,
  };
  const { $schema: _dialect, title: _title, ...schema } = lineSchema(shape);
  const properties = {
    ...(schema["properties"] as Readonly<Record<string, Schema>>),
    lost: lostSchema(lost, sometimes),
  };
  return { ...schema, properties };
}

/** The schema of a document; that of a line of NDJSON is at `#/$defs/line`. */
export function stackProfileSchema(): Schema {
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "bpfkit stack-profile --format json; $defs/line is a line of --format ndjson",
    ...profileDocument("stack-profile", lost, sometimes),
    $defs: {
      line: {
        anyOf: [
          line({ selfSamples: counter, totalSamples: counter }),
          line({ selfNs: counter, totalNs: counter }),
          line({ selfCount: counter, totalCount: counter }),
          line({ selfBytes: counter, totalBytes: counter }),
        ],
      },
    },
  };
}
