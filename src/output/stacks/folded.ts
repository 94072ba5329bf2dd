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
  const path = new PathText();
  const names = labels.map(({ name }) => Buffer.from(name));
  for (let node = 1; node < length; node++) {
    path.put(depth[node]!, names[label[node]!]!);
    if (ends(node)) yield { node, text: path.text(depth[node]!) };
  }
}

const SEMICOLON = 59;

/** The names on the way to a node, as bytes: to join strings anew for each stack takes several times as long. */
class PathText {
  private bytes = Buffer.allocUnsafe(4096);
  /** Where the name at each depth ends; the root has none. */
  private readonly ends = [-1];

  /** Puts a name at a depth, from 1, behind those above it. */
  put(depth: number, name: Uint8Array): void {
    const begin = this.ends[depth - 1]! + 1;
    const end = begin + name.length;
    if (end >= this.bytes.length) this.bytes = Buffer.concat([this.bytes], 2 * end);
    if (begin > 0) this.bytes[begin - 1] = SEMICOLON;
    this.bytes.set(name, begin);
    this.ends[depth] = end;
  }

  /** The names down to a depth, with semicolons between. */
  text(depth: number): string {
    return this.bytes.toString("utf8", 0, this.ends[depth]);
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
