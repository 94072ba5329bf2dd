import { readFile, writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { hostCommand } from "./host-command";

/**
 * Unpacks the files of a Debian package below a folder; nothing is installed, no script of the package runs.
 * Symbolic links to folders (/lib to usr/lib) stay links, so that old and new packages meet in one tree.
 */
export async function unpackDeb(deb: string, folder: string): Promise<void> {
  const script = `set -o pipefail; dpkg-deb --fsys-tarfile "$1" | tar -x --keep-directory-symlink --no-same-owner -C "$2"`;
  await hostCommand("bash", ["-c", script, "unpack", deb, folder]);
}

/** Writes a kernel module without its compression; gives the plain file's name. */
export async function unpackModule(path: string, folder: string): Promise<string> {
  const name = basename(path).replace(/\.(xz|zst|gz)$/, "");
  const expand = { ".xz": "xz", ".zst": "zstd", ".gz": "gzip" }[/\.(xz|zst|gz)$/.exec(path)?.[0] ?? ""];
  const bytes = expand ? await hostCommand(expand, ["-dc", path]) : await readFile(path);
  await writeFile(`${folder}/${name}`, bytes);
  return name;
}
