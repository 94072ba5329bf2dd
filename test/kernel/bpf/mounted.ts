import { execFileSync } from "node:child_process";
import { mkdtempSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A file system of the kernel's, mounted in a folder of its own until disposed. */
export function mounted(
  type: "bpf" | "tracefs" | "overlay",
  options = "",
): Disposable & { readonly folder: string } {
  const folder = mkdtempSync(join(tmpdir(), "bpfkit-"));
  execFileSync("mount", ["-t", type, ...(options === "" ? [] : ["-o", options]), type, folder]);
  return {
    folder,
    [Symbol.dispose]() {
      execFileSync("umount", [folder]);
      rmdirSync(folder);
    },
  };
}
