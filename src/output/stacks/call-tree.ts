/**
 * A profile as a tree of function calls: stacks that pass through the same functions share their way. Nodes are in
 * preorder with siblings in the order of their names, so whatever reads them from first to last is deterministic.
 */
import { frameName, shown } from "./frame-text";
import { PairTable } from "./pair-table";
import { type Frame, type FrameKind, type Group, NO_STACK, type Profile } from "./profile";

/** A function, a group's label or the root. */
export interface Label {
  /** Fit to be shown. */
  readonly name: string;
  readonly kind: FrameKind | "group" | "root";
  /** The file the code comes from: a program, a library. */
  readonly module?: string | undefined;
  readonly file?: string | undefined;
  readonly line?: number | undefined;
}

export interface CallTree {
  readonly length: number;
  readonly labels: readonly Label[];
  /** An index into the labels. Node 0 is the root, which has the first. */
  readonly label: Int32Array;
  /** The caller, smaller than the node; -1 for the root. */
  readonly parent: Int32Array;
  /** 0 for the root. */
  readonly depth: Int32Array;
  /** The weight of what ended in the node, and of all that passed through it. */
  readonly self: Float64Array;
  readonly total: Float64Array;
  /** How many samples ended in the node. */
  readonly selfCount: Float64Array;
}

const ROOT: Label = { name: "all", kind: "root" };

/**
 * What frames and groups are called in a tree. Those with equal labels are one function; frames of the same name, kind,
 * module path and place of definition have equal ones.
 */
export interface Labelling {
  ofFrame(frame: Frame): Label;
  ofGroup(group: Group): Label;
}

/** Frames are told apart by name, kind, module and place of definition. */
export const byFunction: Labelling = {
  ofFrame: (frame) => ({
    name: frameName(frame),
    kind: frame.kind,
    module: frame.module?.path,
    file: frame.file,
    line: frame.line,
  }),
  ofGroup: ({ label }) => ({ name: shown(label), kind: "group" }),
};

/** The tree of a profile. */
export function callTree(profile: Profile, labelling: Labelling = byFunction): CallTree {
  const labels = new Labels();
  const groupLabels = profile.groups.map((group) =>
    group.label === "" ? undefined : labels.of(labelling.ofGroup(group)),
  );
  const frameLabels = frameLabelsOf(profile.frames, labels, labelling);
  return inOrder(unordered(profile, groupLabels, frameLabels), labels);
}

class Labels {
  readonly all: Label[] = [];
  /** By what tells labels apart, and what they are sorted by. */
  private readonly known = new Map<string, number>();

  constructor() {
    this.of(ROOT);
  }

  of(label: Label): number {
    const { name, kind, module, file, line } = label;
    const key = keyOf(name, kind, module, file, line);
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const id = this.all.push(label) - 1;
    this.known.set(key, id);
    return id;
  }

  /** The place of each label when all are sorted, by code unit and not by locale: the same everywhere. */
  ranks(): Int32Array {
    const keys = [...this.known.keys()];
    const order = keys.map((_, label) => label).sort((a, b) => (keys[a]! < keys[b]! ? -1 : 1));
    const rank = new Int32Array(keys.length);
    order.forEach((label, place) => {
      rank[label] = place;
    });
    return rank;
  }
}

function keyOf(name: string, kind: string, module = "", file = "", line = 0): string {
  return `${name}\0${kind}\0${module}\0${file}\0${line}`;
}

/** The label of each frame. Many are places in the same function: names are made fit to be shown once for all. */
function frameLabelsOf(frames: readonly Frame[], labels: Labels, labelling: Labelling): number[] {
  const known = new Map<string, number>();
  return frames.map((frame) => {
    const key = keyOf(frame.name, frame.kind, frame.module?.path, frame.file, frame.line);
    let label = known.get(key);
    if (label === undefined) {
      label = labels.of(labelling.ofFrame(frame));
      known.set(key, label);
    }
    return label;
  });
}

/** Nodes as they were met; the root is not among them, and top-level nodes have the parent -1. */
interface Unordered {
  readonly parent: Int32Array;
  readonly label: Int32Array;
  /** By node. */
  readonly self: Float64Array;
  readonly selfCount: Float64Array;
  readonly root: { self: number; count: number };
}

function unordered(
  { stacks, samples }: Profile,
  groupLabels: readonly (number | undefined)[],
  frameLabels: readonly number[],
): Unordered {
  const nodes = new PairTable(stacks.length);
  // A stack's node under the group at hand. Groups come one after another, so one column serves all.
  const nodeOf = new Int32Array(stacks.length);
  const ownerOf = new Int32Array(stacks.length).fill(-1);
  const ends = new Int32Array(samples.length);
  const path: number[] = [];
  for (const sample of sortedBy(samples.group, groupLabels.length)) {
    const group = samples.group[sample]!;
    let stack = samples.stack[sample]!;
    for (; stack !== NO_STACK && ownerOf[stack] !== group; stack = stacks.parent[stack]!) path.push(stack);
    const label = groupLabels[group];
    let node = stack !== NO_STACK ? nodeOf[stack]! : label === undefined ? -1 : nodes.idOf(-1, label);
    for (let next = path.pop(); next !== undefined; next = path.pop()) {
      node = nodes.idOf(node, frameLabels[stacks.frame[next]!]!);
      nodeOf[next] = node;
      ownerOf[next] = group;
    }
    ends[sample] = node;
  }
  const { first: parent, second: label } = nodes.columns();
  const self = new Float64Array(nodes.size);
  const selfCount = new Float64Array(nodes.size);
  const root = { self: 0, count: 0 };
  ends.forEach((node, sample) => {
    const weight = samples.weight[sample]!;
    const count = samples.count[sample]!;
    if (node === -1) {
      root.self += weight;
      root.count += count;
      return;
    }
    self[node] = self[node]! + weight;
    selfCount[node] = selfCount[node]! + count;
  });
  return { parent, label, self, selfCount, root };
}

/** The indices of `keys` in ascending order of key, equal ones as they were. Keys are below `limit`. */
function sortedBy(keys: Int32Array, limit: number): Int32Array {
  const starts = new Int32Array(limit + 1);
  for (const key of keys) starts[key + 1] = starts[key + 1]! + 1;
  for (let key = 0; key < limit; key++) starts[key + 1] = starts[key + 1]! + starts[key]!;
  const order = new Int32Array(keys.length);
  keys.forEach((key, index) => {
    const at = starts[key]!;
    order[at] = index;
    starts[key] = at + 1;
  });
  return order;
}

/** Puts the nodes in preorder, the root first. */
function inOrder(nodes: Unordered, labels: Labels): CallTree {
  const length = nodes.parent.length + 1;
  const tree = {
    length,
    labels: labels.all,
    label: new Int32Array(length),
    parent: new Int32Array(length).fill(-1),
    depth: new Int32Array(length),
    self: new Float64Array(length),
    total: new Float64Array(length),
    selfCount: new Float64Array(length),
  };
  tree.self[0] = nodes.root.self;
  tree.selfCount[0] = nodes.root.count;
  const { firstChild, nextSibling } = siblings(nodes, labels.ranks());
  // What is still to be visited, each with the place its parent has got.
  const pending: number[] = [];
  const above: number[] = [];
  const push = (first: number, parent: number) => {
    if (first === -1) return;
    pending.push(first);
    above.push(parent);
  };
  push(firstChild[0]!, 0);
  for (let at = 1; at < length; at++) {
    const node = pending.pop()!;
    const parent = above.pop()!;
    // Below the children, which come first.
    push(nextSibling[node]!, parent);
    push(firstChild[node + 1]!, at);
    tree.label[at] = nodes.label[node]!;
    tree.parent[at] = parent;
    tree.depth[at] = tree.depth[parent]! + 1;
    tree.self[at] = nodes.self[node]!;
    tree.selfCount[at] = nodes.selfCount[node]!;
  }
  addUp(tree);
  return tree;
}

/** By node: its first child (that of the root at 0, that of node n at n + 1) and its next sibling, or -1. */
function siblings(
  { parent, label }: Unordered,
  rank: Int32Array,
): { firstChild: Int32Array; nextSibling: Int32Array } {
  const firstChild = new Int32Array(parent.length + 1).fill(-1);
  const nextSibling = new Int32Array(parent.length).fill(-1);
  for (let node = parent.length - 1; node >= 0; node--) {
    const at = parent[node]! + 1;
    nextSibling[node] = firstChild[at]!;
    firstChild[at] = node;
  }
  // Most have one child. To sort only what has more goes through memory from one end to the other.
  const children: number[] = [];
  for (let at = 0; at < firstChild.length; at++) {
    const first = firstChild[at]!;
    if (first === -1 || nextSibling[first] === -1) continue;
    for (let child = first; child !== -1; child = nextSibling[child]!) children.push(child);
    children.sort((one, other) => rank[label[one]!]! - rank[label[other]!]!);
    let next = -1;
    for (let child = children.pop(); child !== undefined; child = children.pop()) {
      nextSibling[child] = next;
      next = child;
    }
    firstChild[at] = next;
  }
  return { firstChild, nextSibling };
}

/** Children come after their parents, so one pass from the end sees every subtree complete. */
function addUp({ length, parent, self, total }: CallTree): void {
  for (let node = length - 1; node >= 0; node--) {
    total[node] = total[node]! + self[node]!;
    if (node > 0) total[parent[node]!] = total[parent[node]!]! + total[node]!;
  }
}

/** A function that gives the children of a node, in order, as a new array. */
export function childFinder({
  length,
  parent,
}: Pick<CallTree, "length" | "parent">): (node: number) => number[] {
  const first = new Int32Array(length).fill(-1);
  const next = new Int32Array(length).fill(-1);
  for (let node = length - 1; node > 0; node--) {
    next[node] = first[parent[node]!]!;
    first[parent[node]!] = node;
  }
  return (node) => {
    const children: number[] = [];
    for (let child = first[node]!; child !== -1; child = next[child]!) children.push(child);
    return children;
  };
}
