/**
 * A call tree for a terminal. Only a fork is indented: a chain of calls without one stays in its column, or stacks
 * of forty frames would run out of every window.
 */
import { percentText } from "../figures";
import { truncate } from "../width";
import { type CallTree, childFinder } from "./call-tree";

export interface TreeTextOptions {
  readonly width: number;
  readonly ascii: boolean;
  /** Branches with less than this share of all are left out and summed up; 0 shows everything. */
  readonly minShare: number;
}

const UTF8 = { fork: "├─ ", last: "└─ ", bar: "│  ", rest: "…" };
const ASCII = { fork: "|- ", last: "`- ", bar: "|  ", rest: "..." };
const BLANK = "   ";
/** Columns that a name gets however deep it stands. */
const NAME_WIDTH = 30;

/** A line still to be written: `lead` stands before the name, `below` before those of what it calls. */
interface Line {
  readonly total: number;
  readonly self: number;
  readonly name: string;
  /** Whose callees follow; undefined for the sum of those left out. */
  readonly node: number | undefined;
  readonly lead: string;
  readonly below: string;
}

/** The lines of the tree, a heading first; siblings with the heaviest first. */
export function* treeText(tree: CallTree, options: TreeTextOptions): Iterable<string> {
  const { label, labels, self, total } = tree;
  const signs = options.ascii ? ASCII : UTF8;
  const all = total[0]!;
  const share = (weight: number) => percentText(all === 0 ? Number.NaN : weight / all).padStart(6);
  const width = Math.max(options.width - 15, NAME_WIDTH);
  const children = childFinder(tree);
  const heaviestFirst = (a: number, b: number) => total[b]! - total[a]! || a - b;
  const lineOf = (node: number) => ({
    node,
    name: labels[label[node]!]!.name,
    total: total[node]!,
    self: self[node]!,
  });
  yield "TOTAL% SELF%  FUNCTION\n";
  const pending: Line[] = [{ ...lineOf(0), lead: "", below: "" }];
  for (let line = pending.pop(); line !== undefined; line = pending.pop()) {
    const { lead, below, node } = line;
    yield `${share(line.total)} ${share(line.self)}  ${truncate(lead + line.name, width, signs.rest)}\n`;
    if (node === undefined) continue;
    const called = cut(children(node).sort(heaviestFirst).map(lineOf), all * options.minShare);
    // Beyond that depth forks are still in order, only no longer drawn.
    const forks = called.length > 1 && below.length + NAME_WIDTH < width;
    for (let at = called.length - 1; at >= 0; at--) {
      const last = at === called.length - 1;
      pending.push({
        ...called[at]!,
        lead: forks ? below + (last ? signs.last : signs.fork) : below,
        below: forks ? below + (last ? BLANK : signs.bar) : below,
      });
    }
  }
}

type Entry = Omit<Line, "lead" | "below">;

/** The entries of at least the weight `least`, and one for all the others. */
function cut(entries: readonly Entry[], least: number): Entry[] {
  const kept = entries.filter(({ total }) => total >= least);
  const rest = entries.slice(kept.length);
  if (rest.length === 0) return kept;
  const total = rest.reduce((sum, each) => sum + each.total, 0);
  const name = rest.length === 1 ? rest[0]!.name : `(${rest.length} smaller ones)`;
  return [...kept, { node: undefined, name, total, self: rest.length === 1 ? rest[0]!.self : 0 }];
}
