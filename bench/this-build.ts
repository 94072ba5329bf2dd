import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

const build = dirname(__dirname);

/** The repository's root: the nearest folder above the running file that holds package.json. */
export const root = (() => {
  let folder = __dirname;
  while (!existsSync(join(folder, "package.json"))) folder = dirname(folder);
  return folder;
})();

/** The version in package.json. */
export function version(): string {
  return (JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string }).version;
}

/** A compiled script of bench/. */
export function benchScript(name: string): string {
  return join(__dirname, `${name}.js`);
}

/**
 * What starts bpfkit: the file that users start, or, for a build in another folder than bin/ expects, a script
 * that does the same with that build.
 */
export const bpfkitScript =
  build === join(root, "dist") ? join(root, "bin", "bpfkit.js") : benchScript("start-bpfkit");
