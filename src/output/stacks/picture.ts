/**
 * What a flame graph shows, before it is SVG or HTML: boxes with places, colours and words. Trees too large for a
 * browser are reduced to their heaviest boxes, and the picture says so.
 */
import { NS_PER } from "../../core/units";
import { lossSentence, type RunInfo } from "../report";
import type { CallTree, Label } from "./call-tree";
import { colorKind, frameColor, kindColor, legend } from "./frame-colors";
import type { Profile, ProfileFacts } from "./profile";
import { shareWords, weightWords } from "./weight-text";

/** One function at one place; parents come before children, siblings from left to right. */
export interface Box {
  readonly name: string;
  /** What else is to be said about it, in one line. */
  readonly details: string;
  /** As #rrggbb. */
  readonly color: string;
  /** 0 for the root. */
  readonly depth: number;
  /** Where it begins, and how wide it is, in the profile's unit. */
  readonly start: number;
  readonly total: number;
}

export interface Picture {
  readonly title: string;
  readonly subtitle: string;
  readonly boxes: readonly Box[];
  /** The largest depth of a box. */
  readonly depth: number;
  readonly legend: readonly { readonly title: string; readonly color: string }[];
  /** Sentences underneath: what is not in the picture, what was lost. */
  readonly notes: readonly string[];
  /** Who made it. */
  readonly origin: string;
}

/** How large a picture may become. */
export interface PictureLimits {
  readonly boxes: number;
  readonly depth: number;
}

/** What a node looks like. */
type Look = (node: number) => Pick<Box, "details" | "color">;

/** The picture of a profile's call tree. */
export function flamePicture(
  profile: Profile,
  tree: CallTree,
  info: RunInfo,
  limits: PictureLimits,
): Picture {
  const { unit } = profile;
  const all = tree.total[0]!;
  const look: Look = (node) => {
    const label = tree.labels[tree.label[node]!]!;
    const [total, self] = [tree.total[node]!, tree.self[node]!];
    const own = self > 0 ? [`self ${shareWords(self, all)}`] : [];
    const details = [shareWords(total, all), weightWords(total, unit), ...own, ...placeOf(label)];
    return { details: details.join(", "), color: frameColor(label) };
  };
  const kinds = new Set(tree.labels.map(colorKind));
  return {
    ...boxed(tree, limits, look, profile),
    title: profile.title,
    subtitle: subtitleOf(profile, all),
    legend: legend
      .filter(({ kind }) => kinds.has(kind))
      .map(({ kind, title }) => ({ title, color: kindColor(kind) })),
    origin: originOf(info),
  };
}

/** "bpfkit 0.1.0 stack-profile". */
export function originOf({ tool, version, command }: RunInfo): string {
  return `${tool} ${version} ${command}`;
}

/** "1,999 samples, 99 Hz, 20s, 2026-11-21T10:00:00.000Z". */
export function subtitleOf(facts: ProfileFacts, total: number): string {
  const { unit, periodNs, durationNs, startedAt } = facts;
  const rate = periodNs === undefined ? [] : [`${Math.round(NS_PER.s / periodNs)} Hz`];
  const span = durationNs === 0 ? [] : [weightWords(durationNs, "nanoseconds"), startedAt.toISOString()];
  return [weightWords(total, unit), ...rate, ...span].join(", ");
}

function placeOf({ module, file, line }: Label): string[] {
  if (file !== undefined) return [line === undefined ? file : `${file}:${line}`];
  return module === undefined ? [] : [module];
}

/** The boxes of a tree within the limits, and what there is to say underneath. */
export function boxed(
  tree: CallTree,
  limits: PictureLimits,
  look: Look,
  { notes, lost }: Pick<ProfileFacts, "notes" | "lost">,
): Pick<Picture, "boxes" | "depth" | "notes"> {
  const { label, labels, depth, total } = tree;
  const starts = startsOf(tree);
  const kept = keptNodes(tree, limits);
  const boxes = Array.from(kept, (node) => ({
    name: labels[label[node]!]!.name,
    ...look(node),
    depth: depth[node]!,
    start: starts[node]!,
    total: total[node]!,
  }));
  const missing = total.reduce((count, weight) => (weight > 0 ? count + 1 : count), 0) - kept.length;
  const losses = lossSentence({ lost });
  return {
    boxes,
    depth: boxes.reduce((deepest, box) => Math.max(deepest, box.depth), 0),
    notes: [
      ...(missing > 0 ? [`${missing} boxes are not drawn: the lightest ones, or too deep.`] : []),
      ...notes,
      ...(losses === undefined ? [] : [losses]),
    ],
  };
}

/** The nodes with any weight in preorder, or as many of the heaviest as fit; a child never without its parent. */
function keptNodes({ length, depth, total }: CallTree, limits: PictureLimits): Int32Array {
  const nodes = Int32Array.from({ length }, (_, node) => node).filter(
    (node) => node === 0 || (total[node]! > 0 && depth[node]! <= limits.depth),
  );
  if (nodes.length <= limits.boxes) return nodes;
  // Sorting plain numbers is fast, sorting two million by a function is not.
  const cutoff = Float64Array.from(nodes, (node) => total[node]!).sort()[nodes.length - limits.boxes]!;
  const heavier = nodes.filter((node) => total[node]! > cutoff);
  // Between equals the shallower one stays: no parent is deeper than its child.
  const equals = Float64Array.from(
    nodes.filter((node) => total[node] === cutoff),
    (node) => depth[node]! * 2 ** 32 + node,
  ).sort();
  const room = limits.boxes - heavier.length;
  return Int32Array.of(...heavier, ...equals.subarray(0, room).map((key) => key % 2 ** 32)).sort();
}

/** Where each node begins: after its parent's beginning and its elder siblings. */
function startsOf({ length, parent, total }: CallTree): Float64Array {
  const starts = new Float64Array(length);
  // Where the next child of a node begins.
  const next = new Float64Array(length);
  for (let node = 1; node < length; node++) {
    const above = parent[node]!;
    starts[node] = next[above]!;
    next[node] = starts[node]!;
    next[above] = starts[node]! + total[node]!;
  }
  return starts;
}
