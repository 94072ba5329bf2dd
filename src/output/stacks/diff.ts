/**
 * Two profiles side by side. Functions are the same when their names are, since folded stacks know no more of them.
 * Pictures compare shares and not weights: two runs are seldom equally long.
 */
import { percentText } from "../figures";
import type { RunInfo } from "../report";
import type { CallTree } from "./call-tree";
import { foldedTree, stacksOf, weightText } from "./folded";
import { changeColor } from "./frame-colors";
import { functionTotals } from "./functions";
import { boxed, originOf, type Picture, type PictureLimits, subtitleOf } from "./picture";
import type { Profile } from "./profile";
import { ProfileBuilder } from "./profile-builder";
import { shareWords, weightWords } from "./weight-text";

/** The stacks of both profiles in two trees of one shape: a node has the same number in both. */
export interface Comparison {
  readonly before: CallTree;
  readonly after: CallTree;
}

/** The comparison of two profiles. */
export function comparison(before: Profile, after: Profile): Comparison {
  return {
    before: foldedTree(joined([before, 1], [after, 0])),
    after: foldedTree(joined([before, 0], [after, 1])),
  };
}

/** The stacks of several profiles in one, their weights multiplied. */
function joined(...parts: readonly (readonly [profile: Profile, factor: number])[]): Profile {
  const builder = new ProfileBuilder();
  for (const [{ frames, groups, stacks, samples }, factor] of parts) {
    const frameOf = frames.map((frame) => builder.frame(frame));
    const groupOf = groups.map((group) => builder.group(group));
    const stackOf = new Int32Array(stacks.length);
    for (let at = 0; at < stacks.length; at++) {
      const caller = stacks.parent[at]!;
      stackOf[at] = builder.call(stackOf[caller] ?? caller, frameOf[stacks.frame[at]!]!);
    }
    for (let at = 0; at < samples.length; at++) {
      const stack = samples.stack[at]!;
      const group = groupOf[samples.group[at]!]!;
      builder.add(group, stackOf[stack] ?? stack, samples.weight[at]! * factor, samples.count[at]! * factor);
    }
  }
  return builder.build(parts.at(-1)![0]);
}

/** `stack before after`, a line each: what difffolded.pl writes and flamegraph.pl reads. */
export function* foldedDiff(before: Profile, after: Profile): Iterable<string> {
  const trees = comparison(before, after);
  const ends = (node: number) => trees.before.self[node] !== 0 || trees.after.self[node] !== 0;
  for (const { node, text } of stacksOf(trees.after, ends))
    yield `${text} ${weightText(trees.before.self[node]!)} ${weightText(trees.after.self[node]!)}\n`;
}

/** A function's shares of the two profiles, from 0 to 1. */
export interface FunctionChange {
  readonly name: string;
  readonly selfBefore: number;
  readonly selfAfter: number;
  readonly totalBefore: number;
  readonly totalAfter: number;
}

/** Every function of either profile, the one whose own share has changed most first. */
export function functionChanges({ before, after }: Comparison): FunctionChange[] {
  const changes = new Map<string, FunctionChange>();
  const none = { selfBefore: 0, selfAfter: 0, totalBefore: 0, totalAfter: 0 };
  const share = (weight: number, tree: CallTree) => (tree.total[0] === 0 ? 0 : weight / tree.total[0]!);
  for (const { function: of, self, total } of functionTotals(before)) {
    const shares = { selfBefore: share(self, before), totalBefore: share(total, before) };
    changes.set(of.name, { ...none, name: of.name, ...shares });
  }
  for (const { function: of, self, total } of functionTotals(after)) {
    const shares = { selfAfter: share(self, after), totalAfter: share(total, after) };
    changes.set(of.name, { ...none, name: of.name, ...changes.get(of.name), ...shares });
  }
  const change = (of: FunctionChange) => Math.abs(of.selfAfter - of.selfBefore);
  return [...changes.values()].sort((a, b) => change(b) - change(a) || (a.name < b.name ? -1 : 1));
}

/** The picture of what has changed: as wide as after, red where the share has grown, blue where it shrank. */
export function diffPicture(before: Profile, after: Profile, info: RunInfo, limits: PictureLimits): Picture {
  const trees = comparison(before, after);
  const [allBefore, all] = [trees.before.total[0]!, trees.after.total[0]!];
  const shareBefore = (node: number) => (allBefore === 0 ? 0 : trees.before.total[node]! / allBefore);
  const share = (node: number) => (all === 0 ? 0 : trees.after.total[node]! / all);
  let largest = 0;
  for (let node = 1; node < trees.after.length; node++)
    largest = Math.max(largest, Math.abs(share(node) - shareBefore(node)));
  const look = (node: number) => {
    const change = share(node) - shareBefore(node);
    const was = `before ${shareWords(trees.before.total[node]!, allBefore)} (${signed(change)})`;
    const weight = weightWords(trees.after.total[node]!, after.unit);
    return {
      details: `${shareWords(trees.after.total[node]!, all)}, ${weight}, ${was}`,
      color: changeColor(largest === 0 ? 0 : change / largest),
    };
  };
  const { boxes, depth, notes } = boxed(trees.after, limits, look, after);
  return {
    boxes,
    depth,
    title: after.title,
    subtitle: `${subtitleOf(after, all)}; compared with ${weightWords(allBefore, before.unit)} of ${before.title}`,
    legend: [
      { title: "larger share than before", color: changeColor(1) },
      { title: "the same", color: changeColor(0) },
      { title: "smaller share", color: changeColor(-1) },
    ],
    notes: [...goneNote(trees), ...notes],
    origin: originOf(info),
  };
}

function signed(change: number): string {
  return `${change < 0 ? "" : "+"}${percentText(change)}`;
}

/** What is no longer there has no width in the picture. */
function goneNote({ before, after }: Comparison): string[] {
  let gone = 0;
  for (let node = 1; node < before.length; node++) {
    const last = after.total[node] === 0 && after.total[before.parent[node]!] !== 0;
    if (last) gone += before.total[node]!;
  }
  return gone === 0
    ? []
    : [`${shareWords(gone, before.total[0]!)} of before is in stacks that are gone: not drawn.`];
}
