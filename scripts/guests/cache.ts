import { createHash, randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { lstat, mkdir, readdir, readFile, readlink, rename, rm, stat, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join, relative } from "node:path";
import { pipeline } from "node:stream/promises";

/**
 * Downloaded and unpacked things, one folder each. A folder is built under a temporary name and renamed when it is
 * complete, so that a folder with a final name is always whole and two runs at once at worst do the same work twice.
 */
export const cacheFolder = process.env["BPFKIT_GUEST_CACHE"] || join(homedir(), ".cache", "bpfkit", "guests");

const manifestName = "manifest.json";
const temporaryMark = ".incomplete-";
const day = 24 * 60 * 60 * 1000;

/** Path to checksum, or to the target of a symbolic link. */
export type Manifest = Readonly<Record<string, string>>;

export interface CacheEntry {
  readonly name: string;
  /** What the content depends on: a change of it makes a new entry. */
  readonly recipe: unknown;
  build(folder: string): Promise<void>;
  log(line: string): void;
}

/** The folder of an entry, built if it is not there or if its checksums no longer hold. */
export async function cached(entry: CacheEntry, parent = cacheFolder): Promise<string> {
  const folder = join(parent, `${entry.name}-${fingerprint(entry.recipe)}`);
  const fault = await faultOf(folder);
  if (fault === undefined) return folder;
  await mkdir(parent, { recursive: true });
  await removeAbandoned(parent);
  const temporary = `${folder}${temporaryMark}${process.pid}-${randomBytes(4).toString("hex")}`;
  await mkdir(temporary);
  try {
    if (fault !== "absent") {
      entry.log(`${folder}: ${fault}: built again`);
      await rename(folder, `${temporary}-damaged`).catch(() => undefined);
      await rm(`${temporary}-damaged`, { recursive: true, force: true });
    }
    await entry.build(temporary);
    await writeFile(join(temporary, manifestName), JSON.stringify(await manifestOf(temporary), null, 1));
    await rename(temporary, folder).catch(async (error: NodeJS.ErrnoException) => {
      // Another run was faster; what it built is as good as ours.
      if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
    });
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
  return folder;
}

/** What is wrong with a finished folder: undefined when it holds exactly what its manifest says. */
export async function faultOf(folder: string): Promise<string | undefined> {
  let expected: Manifest;
  try {
    expected = JSON.parse(await readFile(join(folder, manifestName), "utf8"));
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT" ? "absent" : "manifest unreadable";
  }
  const found = await manifestOf(folder);
  for (const path of new Set([...Object.keys(expected), ...Object.keys(found)])) {
    if (found[path] === undefined) return `"${path}" is gone`;
    if (expected[path] === undefined) return `"${path}" was added`;
    if (found[path] !== expected[path]) return `"${path}" has changed`;
  }
  return undefined;
}

async function manifestOf(folder: string): Promise<Manifest> {
  const manifest: Record<string, string> = {};
  const visit = async (directory: string): Promise<void> => {
    for (const entry of await readdir(directory, { withFileTypes: true })) {
      const path = join(directory, entry.name);
      const name = relative(folder, path);
      if (entry.isDirectory()) await visit(path);
      else if (entry.isSymbolicLink()) manifest[name] = `-> ${await readlink(path)}`;
      else if (entry.isFile() && name !== manifestName) manifest[name] = await checksum(path);
    }
  };
  await visit(folder);
  return manifest;
}

async function checksum(path: string): Promise<string> {
  const hash = createHash("sha256");
  // One read for the thousands of small files; only node itself is worth a stream.
  if ((await lstat(path)).size < 1 << 20) hash.update(await readFile(path));
  else await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  return hash.digest("hex");
}

function fingerprint(recipe: unknown): string {
  return createHash("sha256").update(JSON.stringify(recipe)).digest("hex").slice(0, 10);
}

/** Left by runs that were killed. A day is more than any build takes, so nobody's running build is hit. */
async function removeAbandoned(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    if (!name.includes(temporaryMark)) continue;
    const path = join(parent, name);
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Date.now() }));
    if (Date.now() - mtimeMs > day) await rm(path, { recursive: true, force: true });
  }
}
