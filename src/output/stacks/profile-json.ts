/**
 * Our own document of a profile: all that is known of it, so that it can be read again and made into any other
 * format. A row is a stack as numbers of `frames`, the outermost first: `.frames[.rows[0].stack[]].name` with jq.
 */
import { jsonText } from "../json";
import type { Json, RunInfo } from "../report";
import { type Frame, type Module, type Profile, stackFrames, totalWeight, type WeightUnit } from "./profile";

/** The row's key for the weight; samples and events need none beside `count`. */
export const weightKeys: Readonly<Record<WeightUnit, string | undefined>> = {
  samples: undefined,
  count: undefined,
  nanoseconds: "totalNs",
  bytes: "totalBytes",
};

/** The document in pieces. `totals` are figures about the run, besides what the profile has itself. */
export function* profileJson(
  profile: Profile,
  info: RunInfo,
  totals: Readonly<Record<string, Json>> = {},
): Iterable<string> {
  const { title, measure, unit, periodNs, startedAt, durationNs, notes, lost } = profile;
  const { tool, version, command } = info;
  const kernel = profile.kernel ?? info.kernel;
  const endedAt = new Date(startedAt.getTime() + durationNs / 1e6);
  const head = {
    tool,
    version,
    command,
    kernel,
    startedAt: startedAt.toISOString(),
    endedAt: endedAt.toISOString(),
    durationNs,
    profile: { title, measure, unit, periodNs: periodNs ?? null },
  };
  yield "{\n";
  for (const [key, value] of Object.entries(head)) yield `  "${key}": ${jsonText(value)},\n`;
  yield* list("rows", rows(profile));
  const modules = [
    ...new Set(profile.frames.flatMap(({ module }) => (module === undefined ? [] : [module]))),
  ];
  const moduleIndex = new Map(modules.map((module, index) => [module, index]));
  yield* list(
    "frames",
    map(profile.frames, (frame) => frameText(frame, moduleIndex)),
  );
  yield* list("modules", map(modules, moduleText));
  yield `  "notes": ${jsonText(notes)},\n`;
  yield `  "totals": ${jsonText({ ...ownTotals(profile), ...totals })},\n`;
  yield `  "lost": ${jsonText(lost)}\n}\n`;
}

function ownTotals(profile: Profile): Record<string, Json> {
  const key = weightKeys[profile.unit];
  const count = profile.samples.count.reduce((sum, each) => sum + each, 0);
  return {
    count,
    ...(key === undefined ? {} : { [key]: totalWeight(profile) }),
    stacks: profile.samples.length,
  };
}

function* rows(profile: Profile): Iterable<string> {
  const { samples, groups, unit } = profile;
  const key = weightKeys[unit];
  for (let sample = 0; sample < samples.length; sample++) {
    const { label, pid, tid } = groups[samples.group[sample]!]!;
    const weight = key === undefined ? {} : { [key]: samples.weight[sample]! };
    const stack = stackFrames(profile, samples.stack[sample]!);
    yield jsonText({ label, ...present({ pid, tid }), count: samples.count[sample]!, ...weight, stack });
  }
}

function frameText(
  { name, kind, module, address, file, line, tier }: Frame,
  modules: Map<Module, number>,
): string {
  const place = module === undefined ? undefined : modules.get(module);
  return jsonText({ name, kind, ...present({ module: place, address: hex(address), file, line, tier }) });
}

function moduleText({ path, buildId, start, end, fileOffset }: Module): string {
  return jsonText({
    path,
    ...present({ buildId }),
    start: hex(start)!,
    end: hex(end)!,
    fileOffset: hex(fileOffset)!,
  });
}

function hex(value: bigint | undefined): string | undefined {
  return value === undefined ? undefined : `0x${value.toString(16)}`;
}

/** Without the members that are undefined: JSON has no such value. */
function present(members: Readonly<Record<string, Json | undefined>>): Record<string, Json> {
  return Object.fromEntries(
    Object.entries(members).filter((entry): entry is [string, Json] => entry[1] !== undefined),
  );
}

function* map<T>(values: Iterable<T>, text: (value: T) => string): Iterable<string> {
  for (const value of values) yield text(value);
}

function* list(key: string, items: Iterable<string>): Iterable<string> {
  let separator = `  "${key}": [`;
  for (const item of items) {
    yield `${separator}\n    ${item}`;
    separator = ",";
  }
  yield separator === "," ? "\n  ],\n" : `${separator}],\n`;
}
