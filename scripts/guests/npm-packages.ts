import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BpfkitError, messageOf } from "../../src/core/errors";
import { hostCommand } from "./host-command";

/**
 * Unpacks the files of an npm package into a folder. Nothing is installed: no script runs, and no check of this
 * machine's processor stands in the way of a package for another one.
 */
export async function unpackNpmPackage(spec: string, folder: string): Promise<void> {
  const scratch = await mkdtemp(join(tmpdir(), "bpfkit-npm-"));
  try {
    await hostCommand("npm", ["pack", spec, "--ignore-scripts", "--pack-destination", scratch], {
      cwd: scratch,
    });
    const archive = (await readdir(scratch)).find((name) => name.endsWith(".tgz"));
    if (!archive) throw new BpfkitError(`npm package "${spec}": npm pack wrote no archive`);
    await mkdir(folder, { recursive: true });
    await hostCommand("tar", [
      "-xzf",
      join(scratch, archive),
      "--strip-components=1",
      "--no-same-owner",
      "-C",
      folder,
    ]);
  } catch (cause) {
    throw new BpfkitError(`npm package "${spec}": ${messageOf(cause)}`, {
      cause,
      hint: `see whether \`npm view ${spec} version\` works on this machine`,
    });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
