/**
 * V8's .cpuprofile, which Chrome's and VS Code's profilers open: the call tree, and the samples as a walk through it.
 * The format is the Profile of the DevTools protocol: samples[i] lasts until samples[i + 1], timeDeltas[i] is the time
 * before it, in microseconds. Events and bytes, which are no time, stand for a microsecond each.
 */
import { NS_PER } from "../../core/units";
import { jsonText } from "../json";
import { byFunction, type CallTree, callTree, childFinder, type Label } from "./call-tree";
import { frameName } from "./frame-text";
import type { Profile } from "./profile";

/** The document in pieces. */
export function* cpuProfile(profile: Profile): Iterable<string> {
  const tree = callTree(profile, {
    ...byFunction,
    // The place stands beside the name, and not in it.
    ofFrame: (frame) => ({ ...byFunction.ofFrame(frame), name: frameName({ ...frame, file: undefined }) }),
  });
  const callFrames = callFramesOf(tree.labels);
  const children = childFinder(tree);
  yield '{"nodes":[';
  for (let node = 0; node < tree.length; node++) {
    const ids = children(node).map((child) => child + ID);
    const called = ids.length === 0 ? "" : `,"children":[${ids.join(",")}]`;
    const head = `${node === 0 ? "" : ","}\n{"id":${node + ID},"callFrame":${callFrames[tree.label[node]!]!}`;
    yield `${head},"hitCount":${tree.selfCount[node]!}${called}}`;
  }
  const { samples, deltas } = walk(tree, microseconds(profile));
  const startTime = profile.startedAt.getTime() * 1000;
  const endTime = startTime + deltas.reduce((sum, delta) => sum + delta, 0);
  yield `\n],\n"startTime":${startTime},"endTime":${endTime},\n`;
  yield `"samples":[${samples.join(",")}],\n"timeDeltas":[${deltas.join(",")}]}\n`;
}

/** Node ids begin with 1. */
const ID = 1;

/** By label: where the function is, as JSON. */
function callFramesOf(labels: readonly Label[]): string[] {
  const scripts = new Map<string, number>();
  return labels.map((label) => {
    const url = urlOf(label);
    const script = scripts.get(url) ?? scripts.size;
    scripts.set(url, script);
    return jsonText({
      functionName: label.kind === "root" ? "(root)" : label.name,
      scriptId: String(script),
      url,
      // The protocol counts lines and columns from 0; −1 is unknown.
      lineNumber: (label.line ?? 0) - 1,
      columnNumber: -1,
    });
  });
}

function urlOf({ file, module = "" }: Label): string {
  if (file === undefined) return module;
  return file.startsWith("/") ? `file://${file}` : file;
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
