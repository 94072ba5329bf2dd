/**
 * Folded stacks: a line for each stack, `frame;frame;frame weight` with the outermost first, as flamegraph.pl, inferno
 * and speedscope read them. Lines are sorted, so that two files can be compared.
 */
import { type CallTree, callTree } from "./call-tree";
import { foldedName, frameName, shown } from "./frame-text";
import type { Profile } from "./profile";

export interface FoldedOptions {
  /** Marks frames by kind: `_[k]` kernel, `_[j]` JIT, `_[i]` inlined, `_[w]` waker. */
  readonly kinds?: boolean | undefined;
}

/** The folded stacks of a profile, whole lines. Stacks whose text is the same are one line. */
export function* foldedStacks(profile: Profile, options: FoldedOptions = {}): Iterable<string> {
  const tree = foldedTree(profile, options);
  for (const { node, text } of stacksOf(tree)) yield `${text} ${weightText(tree.self[node]!)}\n`;
}

/** A call tree in which two frames are the same if they look the same between semicolons. */
export function foldedTree(profile: Profile, { kinds = false }: FoldedOptions = {}): CallTree {
  return callTree(profile, {
    ofFrame: (frame) => ({
      name: foldedName(frameName(frame), kinds ? frame.kind : undefined),
      kind: "user",
    }),
    ofGroup: ({ label }) => ({ name: foldedName(shown(label)), kind: "user" }),
  });
}

/** The nodes of a folded tree in which a stack ends, with the text of the stack, sorted. */
export function* stacksOf(
  tree: CallTree,
  ends = (node: number) => tree.self[node] !== 0,
): Iterable<{ node: number; text: string }> {
  const { length, label, labels, depth } = tree;
  if (ends(0)) yield { node: 0, text: "[no stack]" };
  const path: string[] = [];
  for (let node = 1; node < length; node++) {
    path.length = depth[node]! - 1;
    path.push(labels[label[node]!]!.name);
    if (ends(node)) yield { node, text: path.join(";") };
  }
}

/** A weight as digits: never an exponent, which the readers would not take for a number. */
export function weightText(weight: number): string {
  return Number.isSafeInteger(weight)
    ? String(weight)
    : Number.isInteger(weight)
      ? `${BigInt(weight)}`
      : weight.toFixed(3);
}
