/**
 * The scripts that an HTML flame graph carries: d3-flame-graph and the parts of d3 it stands on. Each leaves its names
 * in the global `d3`, and takes from there what those before it have left.
 */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** A script for a page. */
export interface BrowserLibrary {
  /** Name, version and licence: goes along with every copy. */
  readonly notice: string;
  readonly code: string;
}

/** In the order of loading; each with the package that depends on it, next to which it is looked for. */
const PARTS: readonly (readonly [name: string, dependent: string])[] = [
  ["d3-array", "d3-flame-graph"],
  ["d3-color", "d3-transition"],
  ["d3-dispatch", "d3-flame-graph"],
  ["d3-ease", "d3-flame-graph"],
  ["d3-format", "d3-flame-graph"],
  ["d3-hierarchy", "d3-flame-graph"],
  ["d3-interpolate", "d3-scale"],
  ["d3-time", "d3-scale"],
  ["d3-time-format", "d3-scale"],
  ["d3-timer", "d3-transition"],
  ["d3-scale", "d3-flame-graph"],
  ["d3-selection", "d3-flame-graph"],
  // Gives selections their method `transition`.
  ["d3-transition", "d3-flame-graph"],
];

/** The scripts, in the order in which they must run. */
export function browserLibraries(): BrowserLibrary[] {
  const flameGraph = dirname(require.resolve("d3-flame-graph"));
  const folders = new Map([["d3-flame-graph", flameGraph]]);
  const folderOf = (name: string): string => {
    const known = folders.get(name);
    if (known !== undefined) return known;
    const dependent = PARTS.find(([each]) => each === name)![1];
    const folder = dirname(require.resolve(name, { paths: [folderOf(dependent)] }));
    folders.set(name, folder);
    return folder;
  };
  return [
    ...PARTS.map(([name]) => library(folderOf(name), `${name}.min.js`)),
    library(flameGraph, "d3-flamegraph.umd.min.js"),
  ];
}

/** `folder` is the package's dist. */
function library(folder: string, file: string): BrowserLibrary {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, "../package.json"), "utf8")) as {
    name: string;
    version: string;
    license: string;
  };
  const terms = readFileSync(join(folder, "../LICENSE"), "utf8");
  return {
    notice: inComment(`${name} ${version}, ${license}\n\n${terms}`),
    code: readFileSync(join(folder, file), "utf8"),
  };
}

/** Nothing in it ends the comment, or the script. */
function inComment(text: string): string {
  return text.replaceAll("*/", "* /").replaceAll("</", "< /");
}
