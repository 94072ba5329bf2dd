/** The stacks that weigh most. */
import { frameName, shown } from "./frame-text";
import { NO_STACK, type Profile } from "./profile";

export interface HeavyStack {
  /** The group's label, or "". */
  readonly group: string;
  /** Names, the outermost first. */
  readonly frames: readonly string[];
  readonly weight: number;
}

/** The `limit` heaviest stacks of a profile, the heaviest first. */
export function topStacks(profile: Profile, limit: number): HeavyStack[] {
  const { samples, groups } = profile;
  return Array.from({ length: samples.length }, (_, sample) => sample)
    .sort((a, b) => samples.weight[b]! - samples.weight[a]! || a - b)
    .slice(0, limit)
    .map((sample) => {
      const { label } = groups[samples.group[sample]!]!;
      const frames = stackFrames(profile, samples.stack[sample]!).map((frame) =>
        frameName(profile.frames[frame]!),
      );
      return { group: label === "" ? "" : shown(label), frames, weight: samples.weight[sample]! };
    });
}

/** The numbers of a stack's frames, the outermost first. */
export function stackFrames({ stacks }: Pick<Profile, "stacks">, stack: number): number[] {
  const frames: number[] = [];
  for (let at = stack; at !== NO_STACK; at = stacks.parent[at]!) frames.push(stacks.frame[at]!);
  return frames.reverse();
}
