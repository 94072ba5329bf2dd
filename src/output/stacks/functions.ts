/** Which functions the weight is in: by themselves, and with all they call. */
import type { CallTree, Label } from "./call-tree";

/** What one function has in a profile. */
export interface FunctionTotals {
  readonly function: Label;
  /** Where the function was the innermost frame. */
  readonly self: number;
  /** Where it was anywhere on the stack; recursion does not count twice. */
  readonly total: number;
}

/** Every function of a tree, the one with the largest `self` first. Labels of groups are no functions. */
export function functionTotals(tree: CallTree): FunctionTotals[] {
  const { length, label, labels, depth, self, total } = tree;
  const selves = new Float64Array(labels.length);
  const totals = new Float64Array(labels.length);
  // How often each function is on the path to the node at hand.
  const open = new Int32Array(labels.length);
  const path: number[] = [];
  for (let node = 0; node < length; node++) {
    while (path.length > depth[node]!) {
      const left = path.pop()!;
      open[left] = open[left]! - 1;
    }
    const id = label[node]!;
    selves[id] = selves[id]! + self[node]!;
    if (open[id] === 0) totals[id] = totals[id]! + total[node]!;
    open[id] = open[id]! + 1;
    path.push(id);
  }
  return labels
    .map((each, id) => ({ function: each, self: selves[id]!, total: totals[id]! }))
    .filter(({ function: { kind }, total }) => kind !== "group" && kind !== "root" && total > 0)
    .sort((a, b) => b.self - a.self || b.total - a.total || (a.function.name < b.function.name ? -1 : 1));
}
