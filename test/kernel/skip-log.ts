import { appendFileSync } from "node:fs";

/** A test that does not run, and why. */
export interface SkipRecord {
  readonly test: string;
  readonly reason: string;
  /** The missing feature that is the reason. */
  readonly feature?: string | undefined;
}

/** Appends a line to the file that BPFKIT_SKIP_LOG names; the reporter and the guests' runner read it. */
export function recordSkip(record: SkipRecord, path = process.env["BPFKIT_SKIP_LOG"]): void {
  if (path !== undefined && path !== "") appendFileSync(path, `${JSON.stringify(record)}\n`);
}
