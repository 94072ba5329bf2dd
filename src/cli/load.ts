/**
 * Loads bpfkit from the one file that the build makes of its modules, with V8's code cache beside it. To find, read
 * and compile the modules one by one is most of what a start would cost.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { Script } from "node:vm";
import type * as Start from "./start";

/** All of bpfkit in one file, which exports what `cli/start` does. */
export const bundleFile = join(__dirname, "..", "..", "bpfkit.js");

/** What the bundle's functions compile to. Only the Node that wrote it can use it, so its name says which. */
const codeCacheFile = join(dirname(bundleFile), `bpfkit.${process.version}-${process.arch}.cache`);

/** A loaded bundle. */
export interface Bundle extends Pick<typeof Start, "start"> {
  /** The code cache was there, and V8 took it. */
  readonly cached: boolean;
  /** Writes the code cache for later starts: what has run so far is compiled in it. */
  saveCode(): void;
}

/** What starts this command line: version and overview need a few modules only, which are there sooner than the bundle. */
export function starter([first, second] = process.argv.slice(2)): Pick<typeof Start, "start"> {
  const asksForLittle =
    first === undefined ||
    /^(--version|-V)$/.test(first) ||
    (/^(--help|-h|help)$/.test(first) && second === undefined);
  return asksForLittle ? (require("./start") as typeof Start) : load();
}

/** Loads the bundle. */
export function load(): Bundle {
  keepHeapSmall();
  // The build writes ASCII alone.
  const source = readFileSync(bundleFile, "latin1");
  const cachedData = readIfThere(codeCacheFile);
  const code = `(function (exports, require, module, __filename) {${source}\n})`;
  const script = new Script(code, { filename: bundleFile, cachedData });
  const module = { exports: {} as typeof Start };
  script.runInThisContext()(module.exports, createRequire(bundleFile), module, bundleFile);
  return {
    start: module.exports.start,
    cached: script.cachedDataRejected === false,
    saveCode: () => writeFileSync(codeCacheFile, script.createCachedData()),
  };
}

/**
 * Each report is garbage once it is printed. Left to itself V8 would make room for ever more of it before it cleans
 * up, first among new objects, then among those that two clean-ups have met: 100 MB where 75 do. A code cache is
 * good for the flags it was made under, so they come first.
 */
function keepHeapSmall(): void {
  setFlagsFromString("--semi-space-growth-factor=1");
  setFlagsFromString("--optimize-for-size");
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}
