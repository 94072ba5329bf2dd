/** Files that may be missing or not ours to read: neither must stop doctor. */
import { existsSync, readFileSync } from "node:fs";
import { hasCode, messageOf } from "../../core/errors";

/** The text of a file, or why there is none. */
export type Reading =
  | { readonly text: string }
  | { readonly text: undefined; readonly problem: "absent" | "not readable"; readonly message: string };

/** How doctor looks at files: the machine's own, or those of a test. */
export interface Files {
  read(path: string): Reading;
  exists(path: string): boolean;
}

/** The files of this machine. */
export const thisFiles: Files = {
  read(path) {
    try {
      return { text: readFileSync(path, "utf8") };
    } catch (error) {
      const absent = ["ENOENT", "ENOTDIR", "ENODEV"].some((code) => hasCode(error, code));
      return { text: undefined, problem: absent ? "absent" : "not readable", message: messageOf(error) };
    }
  },
  exists: existsSync,
};

/** The text of a file; empty when there is none. */
export function textOf(files: Files, path: string): string {
  return files.read(path).text ?? "";
}
