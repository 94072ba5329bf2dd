import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** The project's folder: the nearest one above this file that holds package.json. */
export const projectFolder = (() => {
  let folder = __dirname;
  while (!existsSync(join(folder, "package.json"))) folder = dirname(folder);
  return folder;
})();

/** The build this script belongs to, usually `dist`: its tests are the ones that run. */
export const buildFolder = join(__dirname, "..", "..");

/** Prepares this build for the Node that runs it, where the build was made by another. */
export const codeCacheScript = join(buildFolder, "scripts", "code-cache.js");

/** The version that package-lock.json fixes for a package, its per-platform binaries included. */
export function lockedVersion(name: string): string {
  const lock: { packages: Record<string, { version?: string }> } = JSON.parse(
    readFileSync(join(projectFolder, "package-lock.json"), "utf8"),
  );
  const version = lock.packages[`node_modules/${name}`]?.version;
  if (!version) throw new Error(`package-lock.json: no entry for "${name}"`);
  return version;
}
