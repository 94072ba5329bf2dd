/**
 * The JSON that speedscope.app opens: a sampled profile for each group. Samples have no order in time here; equal
 * beginnings stand together, so that its time order view is a flame graph, too.
 * The format is speedscope's src/lib/file-format-spec.ts, for which $schema names the published schema.
 */
import { jsonText } from "../json";
import type { RunInfo } from "../report";
import { frameName, shown } from "./frame-text";
import { type Frame, NO_STACK, type Profile, stackFrames, type WeightUnit } from "./profile";

const UNITS: Readonly<Record<WeightUnit, "none" | "nanoseconds" | "bytes">> = {
  samples: "none",
  count: "none",
  nanoseconds: "nanoseconds",
  bytes: "bytes",
};

/** The document in pieces. */
export function* speedscopeJson(profile: Profile, info: RunInfo): Iterable<string> {
  const frames = new Map<string, number>();
  const texts: string[] = [];
  const places = profile.frames.map((frame) => {
    const text = frameText(frame);
    let place = frames.get(text);
    if (place === undefined) {
      place = texts.push(text) - 1;
      frames.set(text, place);
    }
    return place;
  });
  yield `{"$schema":"https://www.speedscope.app/file-format-schema.json",\n`;
  yield `"exporter":${jsonText(`${info.tool}@${info.version}`)},\n"name":${jsonText(profile.title)},\n`;
  yield `"activeProfileIndex":0,\n"shared":{"frames":[\n${texts.join(",\n")}\n]},\n"profiles":[`;
  let separator = "\n";
  for (const group of groupsOf(profile)) {
    yield separator + groupText(profile, group, places);
    separator = ",\n";
  }
  yield "\n]}\n";
}

function frameText(frame: Frame): string {
  const file = frame.file ?? frame.module?.path;
  const line = frame.line === undefined ? {} : { line: frame.line };
  return jsonText({
    name: frameName({ ...frame, file: undefined }),
    ...(file === undefined ? {} : { file }),
    ...line,
  });
}

interface GroupSamples {
  readonly name: string;
  readonly samples: readonly number[];
}

/** The samples of each group, the heaviest group first; a profile without any is one empty group. */
function groupsOf({ title, groups, samples }: Profile): GroupSamples[] {
  const found = groups.map(({ label }) => ({
    name: label === "" ? title : shown(label),
    samples: [] as number[],
    total: 0,
  }));
  samples.group.forEach((group, sample) => {
    const entry = found[group]!;
    entry.samples.push(sample);
    entry.total += samples.weight[sample]!;
  });
  const used = found.filter((group) => group.samples.length > 0).sort((a, b) => b.total - a.total);
  return used.length === 0 ? [{ name: title, samples: [] }] : used;
}

function groupText(profile: Profile, { name, samples }: GroupSamples, places: readonly number[]): string {
  const stacks = samples
    .map((sample) => ({
      frames: stackOf(profile, profile.samples.stack[sample]!, places),
      weight: profile.samples.weight[sample]!,
    }))
    .sort((a, b) => compareFrames(a.frames, b.frames));
  const endValue = stacks.reduce((sum, { weight }) => sum + weight, 0);
  const head = jsonText({ type: "sampled", name, unit: UNITS[profile.unit], startValue: 0, endValue });
  const rows = stacks.map(({ frames }) => `[${frames.join(",")}]`).join(",\n");
  return `${head.slice(0, -1)},"samples":[${rows}],"weights":[${stacks.map(({ weight }) => weight).join(",")}]}`;
}

function stackOf(profile: Profile, stack: number, places: readonly number[]): number[] {
  return stack === NO_STACK ? [] : stackFrames(profile, stack).map((frame) => places[frame]!);
}

function compareFrames(a: readonly number[], b: readonly number[]): number {
  const shared = Math.min(a.length, b.length);
  for (let at = 0; at < shared; at++) if (a[at] !== b[at]) return a[at]! - b[at]!;
  return a.length - b.length;
}
