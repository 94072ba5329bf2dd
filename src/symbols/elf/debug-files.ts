/**
 * Where the symbols of a stripped file lie: in a debug file, found by the build id or by the debug link, in the folders
 * that gdb's manual lists under "Separate Debug Files".
 */
import { dirname, join } from "node:path";
import { crc32 } from "./crc32";
import { ElfFile } from "./elf-file";
import { ElfError } from "./error";

const DEBUG_FOLDER = "/usr/lib/debug";

/** Names of debug files of `elf`, whose own path is `path`, the likeliest first. */
export function debugFilePaths(elf: ElfFile, path: string): string[] {
  const id = elf.buildId;
  const link = elf.debugLink?.name;
  const folder = dirname(path);
  return [
    ...(id === undefined ? [] : [join(DEBUG_FOLDER, ".build-id", id.slice(0, 2), `${id.slice(2)}.debug`)]),
    ...(link === undefined
      ? []
      : [join(folder, link), join(folder, ".debug", link), join(DEBUG_FOLDER, folder, link)]),
  ];
}

/**
 * Opens the debug file of `elf`, whose own path is `path`, below the first of `roots` that has it; undefined if there
 * is none. A file of another build is passed over: the build id tells, and where there is none the checksum.
 */
export function openDebugFile(elf: ElfFile, path: string, roots: readonly string[]): ElfFile | undefined {
  for (const root of roots) {
    for (const candidate of debugFilePaths(elf, path)) {
      const found = openIfMatching(elf, join(root, candidate), candidate);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

function openIfMatching(elf: ElfFile, path: string, name: string): ElfFile | undefined {
  let debug: ElfFile | undefined;
  try {
    debug = ElfFile.open(path, name);
    if (matches(elf, debug) && debug.functions !== undefined) return debug;
  } catch (error) {
    if (!(error instanceof ElfError)) throw error;
  }
  debug?.[Symbol.dispose]();
  return undefined;
}

function matches(elf: ElfFile, debug: ElfFile): boolean {
  if (elf.buildId !== undefined || debug.buildId !== undefined) return elf.buildId === debug.buildId;
  return elf.debugLink !== undefined && crc32(debug.source) === elf.debugLink.crc;
}
