/** A profile in the format that was asked for. */
import { formatDuration, formatSize, NS_PER } from "../../core/units";
import { lossSentence } from "../../output/report";
import { callTree } from "../../output/stacks/call-tree";
import { isProfileFormat } from "../../output/stacks/formats";
import { type Profile, totalWeight } from "../../output/stacks/profile";
import { treeText } from "../../output/stacks/tree-text";
import type { Context } from "../context";
import { printProfile } from "../print-profile";
import { changeReport } from "./change-report";
import type { Options } from "./options";
import { differentStacks, functionReport } from "./report";

/** How the clock ticked: on all processors together. */
export interface Ticks {
  readonly count: number;
  readonly processors: number;
}

/** Branches of a tree with less than this share are not shown. */
const LEAST_SHARE = 0.005;
const WIDTH = 80;

/** What a profile is compared with, if with anything. */
export type Before = Profile | undefined;

/** Hands over a profile, as a report or as a file of another tool's. `ticks` is undefined where it comes from a file. */
export async function show(
  context: Context,
  profile: Profile,
  ticks: Ticks | undefined,
  given: Options,
  before: Before,
): Promise<void> {
  const { format } = context;
  const figures =
    ticks === undefined ? {} : { ticks: ticks.count, frequency: given.freq, rate: rateOf(profile, ticks) };
  if (isProfileFormat(format)) {
    const options = { kinds: given.annotate, before, totals: figures };
    return printProfile(context, "stack-profile", profile, format, options);
  }
  const footer = [...profile.notes, summary(profile, ticks)];
  if (before !== undefined)
    return context.output.report(changeReport(before, profile, { top: given.top, footer }));
  if (format === "table" && given.tree) {
    const options = { width: WIDTH, ascii: false, minShare: LEAST_SHARE };
    const text = [...treeText(callTree(profile), options)].join("");
    const loss = lossSentence(profile);
    return context.print(`${text}\n${[...footer, ...(loss === undefined ? [] : [loss])].join("\n")}\n`);
  }
  const { by, top, sort } = given;
  await context.output.report(
    functionReport(profile, { grouped: by !== undefined, top, sort, figures, footer }),
  );
}

/** Ticks a second on each processor; null where no clock was used. */
function rateOf({ durationNs, measure }: Profile, { count, processors }: Ticks): number | null {
  if ((measure !== "cpu" && measure !== "wall") || durationNs === 0) return null;
  return Math.round((count / processors / (durationNs / NS_PER.s)) * 100) / 100;
}

function summary(profile: Profile, ticks: Ticks | undefined): string {
  const { unit, measure, samples, durationNs } = profile;
  const count = samples.count.reduce((sum, each) => sum + each, 0);
  const different = differentStacks(callTree(profile));
  const stacks = `in ${different} different ${different === 1 ? "stack" : "stacks"}`;
  if (unit === "nanoseconds") {
    const total = totalWeight(profile);
    const what = measure === "wall" ? "samples and waits" : "waits";
    return `Total: ${formatDuration(total)}, ${count} ${what} ${stacks}.`;
  }
  if (unit !== "samples") {
    const sum = unit === "bytes" ? `, ${formatSize(totalWeight(profile))}` : "";
    return `Total: ${count} events${sum} ${stacks}.`;
  }
  const rate = ticks && rateOf(profile, ticks);
  if (rate === undefined || rate === null) return `Total: ${count} samples ${stacks}.`;
  return `Total: ${count} samples ${stacks} in ${formatDuration(durationNs)}; the clock ticked at ${rate.toFixed(1)} Hz.`;
}
