/**
 * Which file a short name means: `libc` is what programs load, `node` what a shell would run. Paths are those inside
 * `root`, which is "/" or a process's /proc/PID/root.
 */
import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { beginsAsElf } from "./elf/header";
import { FileSource } from "./elf/source";
import { parseLibraryCache } from "./ld-so-cache";

/** Where the loader looks besides its cache (ld.so(8)); musl has no cache and /lib alone. */
const LIBRARY_FOLDERS = ["/lib", "/usr/lib", "/lib64", "/usr/lib64", "/usr/local/lib"];
const MULTIARCH: Readonly<Record<string, string>> = { x64: "x86_64-linux-gnu", arm64: "aarch64-linux-gnu" };
const PROGRAM_FOLDERS = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/** True if `file` is what the short name means: `libc` and `libc.so` are libc.so.6, but not libcrypt.so.1. */
export function isShortNameOf(name: string, file: string): boolean {
  if (file === name) return true;
  const stem = name.startsWith("lib") ? name : `lib${name}`;
  if (!file.startsWith(stem)) return false;
  // libc.so.6, libfoo-1.2.so, libc-2.31.so
  return /^(?:-[0-9][0-9.]*)?(?:\.so)?(?:\.[0-9]+)*$/.test(file.slice(stem.length));
}

/** The library or program that the short name means in `root`; undefined if there is none. */
export function findByShortName(name: string, root = "/"): string | undefined {
  const path = findLibrary(name, root) ?? findProgram(name, root);
  return path === undefined ? undefined : withoutLinks(path, root);
}

function findLibrary(name: string, root: string): string | undefined {
  for (const [soname, path] of libraryCache(root))
    if (isShortNameOf(name, soname) && isFile(join(root, path))) return path;
  const multiarch = MULTIARCH[process.arch];
  const folders = LIBRARY_FOLDERS.flatMap((folder) =>
    multiarch === undefined ? [folder] : [join(folder, multiarch), folder],
  );
  for (const folder of folders) {
    const names = filesIn(join(root, folder)).filter(
      (one) => one.includes(".so") && isShortNameOf(name, one),
    );
    // Beside libc.so.6 may be libc.so, a text that tells a linker what to take.
    const file = names.find((one) => isElf(join(root, withoutLinks(join(folder, one), root))));
    if (file !== undefined) return join(folder, file);
  }
  return undefined;
}

function findProgram(name: string, root: string): string | undefined {
  const folders = root === "/" ? (process.env["PATH"]?.split(":") ?? PROGRAM_FOLDERS) : PROGRAM_FOLDERS;
  return folders.map((folder) => join(folder, basename(name))).find((path) => isFile(join(root, path)));
}

function libraryCache(root: string): readonly (readonly [soname: string, path: string])[] {
  try {
    return parseLibraryCache(readFileSync(join(root, "etc/ld.so.cache")), process.arch);
  } catch {
    return [];
  }
}

/** More links than the kernel follows: they lead in circles. */
const LINKS = 40;

/** `path` without symbolic links. Those with an absolute target lead into `root`, as they do for its processes. */
export function withoutLinks(path: string, root: string): string {
  const left = path.split("/");
  let done: string[] = [];
  let links = 0;
  for (let part = left.shift(); part !== undefined; part = left.shift()) {
    if (part === "" || part === ".") continue;
    if (part === "..") done.pop();
    else {
      const target = links < LINKS ? linkTarget(join(root, ...done, part)) : undefined;
      if (target === undefined) done.push(part);
      else {
        links++;
        if (target.startsWith("/")) done = [];
        left.unshift(...target.split("/"));
      }
    }
  }
  return `/${done.join("/")}`;
}

function linkTarget(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

function isElf(path: string): boolean {
  try {
    using source = new FileSource(path);
    return beginsAsElf(source);
  } catch {
    return false;
  }
}

/** A folder that may not be looked into, as some of PATH may be, has nothing. */
function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
