/**
 * V8's .cpuprofile, which Chrome's and VS Code's profilers open: the call tree, and the samples as a walk through it.
 * The format is the Profile of the DevTools protocol: samples[i] lasts until samples[i + 1], timeDeltas[i] is the time
 * before it, in microseconds. Events and bytes, which are no time, stand for a microsecond each.
 */
import { NS_PER } from "../../core/units";
import { jsonText } from "../json";
import { byFunction, type CallTree, callTree, type Label } from "./call-tree";
import { frameName } from "./frame-text";
import type { Profile } from "./profile";

/** The document in pieces. */
export function* cpuProfile(profile: Profile): Iterable<string> {
  const tree = callTree(profile, {
    ...byFunction,
    // The place stands beside the name, and not in it.
    ofFrame: (frame) => ({ ...byFunction.ofFrame(frame), name: frameName({ ...frame, file: undefined }) }),
  });
  const scripts = new Map<string, number>();
  const children = childLists(tree);
  yield '{"nodes":[';
  for (let node = 0; node < tree.length; node++)
    yield `${node === 0 ? "\n" : ",\n"}${nodeText(tree, node, children[node]!, scripts)}`;
  const { samples, deltas } = walk(tree, microseconds(profile));
  const startTime = profile.startedAt.getTime() * 1000;
  const endTime = startTime + deltas.reduce((sum, delta) => sum + delta, 0);
  yield `\n],\n"startTime":${startTime},"endTime":${endTime},\n`;
  yield `"samples":[${samples.join(",")}],\n"timeDeltas":[${deltas.join(",")}]}\n`;
}

/** Node ids begin with 1. */
const ID = 1;

function nodeText(
  tree: CallTree,
  node: number,
  children: readonly number[],
  scripts: Map<string, number>,
): string {
  const label = tree.labels[tree.label[node]!]!;
  const url = urlOf(label);
  if (!scripts.has(url)) scripts.set(url, scripts.size);
  return jsonText({
    id: node + ID,
    callFrame: {
      functionName: node === 0 ? "(root)" : label.name,
      scriptId: String(scripts.get(url)),
      url,
      // The protocol counts lines and columns from 0; −1 is unknown.
      lineNumber: (label.line ?? 0) - 1,
      columnNumber: -1,
    },
    hitCount: tree.selfCount[node]!,
    ...(children.length === 0 ? {} : { children: children.map((child) => child + ID) }),
  });
}

function urlOf({ file, module = "" }: Label): string {
  if (file === undefined) return module;
  return file.startsWith("/") ? `file://${file}` : file;
}

function childLists({ length, parent }: CallTree): number[][] {
  const children = Array.from({ length }, (): number[] => []);
  for (let node = 1; node < length; node++) children[parent[node]!]!.push(node);
  return children;
}

/** A sample for each node in which anything ended, and the root at the end, where the last one is over. */
function walk({ length, self }: CallTree, perWeight: number): { samples: number[]; deltas: number[] } {
  const samples: number[] = [];
  const deltas = [0];
  for (let node = 0; node < length; node++) {
    if (self[node] === 0) continue;
    samples.push(node + ID);
    deltas.push(Math.round(self[node]! * perWeight));
  }
  return { samples: [...samples, ID], deltas };
}

/** How long a weight of 1 lasts. */
function microseconds({ unit, periodNs }: Profile): number {
  if (unit === "nanoseconds") return 1 / NS_PER.us;
  return unit === "samples" && periodNs !== undefined ? periodNs / NS_PER.us : 1;
}
