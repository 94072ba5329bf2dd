/**
 * Makes one file of all modules of bpfkit, for `src/cli/load.ts`: the last part of a build. The code cache beside it is
 * for the Node that runs this.
 */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { buildSync } from "esbuild";
import { bundleFile } from "../src/cli/load";

const folder = dirname(bundleFile);
// What an older bundle compiled to would be taken for this one's.
for (const name of readdirSync(folder)) if (name.endsWith(".cache")) rmSync(join(folder, name));
buildSync({
  entryPoints: [join(folder, "src", "cli", "start.js")],
  outfile: bundleFile,
  bundle: true,
  platform: "node",
  target: "node20",
  // A library of machine code, files that are read as text, and what few runs need.
  external: ["koffi", "d3-flame-graph", "prom-client", "pprof-format", "xz-decompress"],
  minifyWhitespace: true,
  minifySyntax: true,
  charset: "ascii",
  logLevel: "warning",
});
const other = /[\u0080-\uffff]+/.exec(readFileSync(bundleFile, "utf8"));
// esbuild leaves regular expressions as they are: there such a character is to be written as \uXXXX.
if (other !== null) throw new Error(`${bundleFile}: holds "${other[0]}", which is read as Latin-1`);
execFileSync(process.execPath, [join(__dirname, "code-cache.js")], {
  stdio: ["ignore", "ignore", "inherit"],
});
