/** One folder for everything that the tests of a Jest run leave to each other. */
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const VARIABLE = "BPFKIT_TEST_FOLDER";

/** Makes the folder and tells the tests and what they start where it is. */
export function makeRunFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "bpfkit-run-"));
  // Some programs in it are run as other users.
  chmodSync(folder, 0o755);
  process.env[VARIABLE] = folder;
  return folder;
}

/** Removes the folder with all that is in it. */
export function removeRunFolder(): void {
  const folder = process.env[VARIABLE];
  delete process.env[VARIABLE];
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
}

/** The folder of this run. Where no set-up has made one it is made now, and goes when the process does. */
export function runFolder(): string {
  const known = process.env[VARIABLE];
  if (known !== undefined) return known;
  process.once("exit", removeRunFolder);
  return makeRunFolder();
}

/** A new folder in it: who needs one file of a name need not fear for another's, and need not clean up. */
export function scratchFolder(): string {
  const folder = mkdtempSync(join(runFolder(), "scratch-"));
  chmodSync(folder, 0o755);
  return folder;
}
