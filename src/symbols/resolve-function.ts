/** From `libc` and `malloc` to a file and the places in it where uprobes go. */
import { statSync } from "node:fs";
import { basename, join } from "node:path";
import { messageOf, UsageError } from "../core/errors";
import { didYouMean } from "../core/suggest";
import { ElfFile } from "./elf/elf-file";
import { ElfModule } from "./elf/elf-module";
import type { ElfFunction } from "./elf/function-table";
import { findByShortName, isShortNameOf, withoutLinks } from "./library-path";
import { readMaps } from "./process-maps";
import { unnamedReasons } from "./unnamed";

/** A function in a file. */
export interface FunctionPlace {
  /** As it is in the file: mangled. */
  readonly name: string;
  /** Of its first byte in the file: what a uprobe takes. */
  readonly offset: number;
  /** Bytes; 0 where the file does not say. */
  readonly size: number;
  /** An IFUNC: the place is that of a resolver, which runs once and chooses the function that is then called. */
  readonly indirect: boolean;
}

/** Where a program or library is looked for. */
export interface TargetOptions {
  /** Look where this process looks: among its mapped files, in its mount namespace. */
  readonly pid?: number;
  readonly proc?: string;
}

/** Of a file with millions of names not all are compared with a wrong one. */
const COMPARED = 200_000;

/** A program or library whose functions can be traced. */
export class TargetFile implements Disposable {
  private constructor(
    /** Where we open it, and the kernel too: below /proc/PID/root for a process's own. */
    readonly path: string,
    /** Where its process sees it. */
    readonly shownPath: string,
    readonly module: ElfModule,
  ) {}

  /**
   * Opens what `name` means: a path; a short name, such as `libc` or `node`; or "" for the program of process `pid`.
   * Throws a UsageError where there is no such file, an ElfError where it is none.
   */
  static open(name: string, { pid, proc = "/proc" }: TargetOptions = {}): TargetFile {
    const root = pid === undefined ? "/" : `${proc}/${pid}/root`;
    const { path, shown } =
      name === ""
        ? programOf(pid, proc)
        : name.includes("/")
          ? atPath(name, root)
          : byShortName(name, root, pid, proc);
    return new TargetFile(path, shown, new ElfModule(ElfFile.open(path, shown), shown, [root, "/"]));
  }

  /** Every function of that name: there may be several static ones. Throws a UsageError if there is none. */
  functionsNamed(name: string): FunctionPlace[] {
    const found = this.module.named(name).flatMap((one) => this.placeOf(one));
    if (found.length > 0) return found;
    const operation = `function "${name}" of "${this.shownPath}"`;
    const { symbolSource } = this.module;
    if (symbolSource === "none")
      throw new UsageError(`${operation}: the file has no symbols`, { hint: unnamedReasons.stripped.hint });
    throw new UsageError(`${operation}: absent`, {
      hint:
        didYouMean(name, this.namesLike(name)) ??
        (this.module.hasOwnNames
          ? undefined
          : `${unnamedReasons.stripped.fact}: ${unnamedReasons.stripped.hint}`),
    });
  }

  /** The functions whose names match, by rising address; all without a pattern. */
  *functionsMatching(pattern?: RegExp): Generator<FunctionPlace> {
    for (const one of this.module.matching(pattern)) yield* this.placeOf(one);
  }

  [Symbol.dispose](): void {
    this.module[Symbol.dispose]();
  }

  private placeOf({ name, address, size, indirect }: ElfFunction): FunctionPlace[] {
    const offset = this.module.elf.offsetOf(address);
    return offset === undefined ? [] : [{ name, offset, size, indirect }];
  }

  /** Names that may have been meant; comparing is slow, so those of quite another length are not. */
  private *namesLike(name: string): Generator<string> {
    let left = COMPARED;
    for (const { name: other } of this.module.matching()) {
      if (left-- === 0) return;
      if (Math.abs(other.length - name.length) <= name.length / 3 || other.includes(name)) yield other;
    }
  }
}

/** A function and the file it is in. */
export interface ResolvedFunction extends FunctionPlace {
  /** What a uprobe takes. */
  readonly path: string;
  readonly shownPath: string;
}

/** Every function `symbol` of `binaryOrLibrary`. Throws a UsageError, with the nearest name, where there is none. */
export function resolveFunction(
  binaryOrLibrary: string,
  symbol: string,
  options: TargetOptions = {},
): ResolvedFunction[] {
  using target = TargetFile.open(binaryOrLibrary, options);
  const { path, shownPath } = target;
  return target.functionsNamed(symbol).map((place) => ({ ...place, path, shownPath }));
}

interface Place {
  readonly path: string;
  readonly shown: string;
}

function programOf(pid: number | undefined, proc: string): Place {
  if (pid === undefined)
    throw new UsageError("function: no file before the colon", { hint: "name one, or a process with --pid" });
  const path = `${proc}/${pid}/exe`;
  return { path, shown: withoutLinks(path, "/") };
}

function atPath(name: string, root: string): Place {
  const shown = root === "/" ? name : withoutLinks(name, root);
  const path = root === "/" ? name : join(root, shown);
  try {
    if (!statSync(path).isFile()) throw new UsageError(`"${name}": not a file`);
  } catch (error) {
    throw error instanceof UsageError
      ? error
      : new UsageError(`"${name}": ${messageOf(error)}`, { cause: error });
  }
  return { path, shown };
}

function byShortName(name: string, root: string, pid: number | undefined, proc: string): Place {
  const maps = pid === undefined ? undefined : readMaps(pid, proc);
  const mapped = maps?.mappings.find(
    ({ kind, path }) => kind === "file" && isShortNameOf(name, basename(path)),
  );
  if (mapped !== undefined) {
    const range = `${mapped.start.toString(16)}-${mapped.end.toString(16)}`;
    const path = mapped.deleted ? `${proc}/${pid}/map_files/${range}` : join(root, mapped.path);
    return { path, shown: mapped.path };
  }
  const found = findByShortName(name, root);
  if (found === undefined)
    throw new UsageError(`"${name}": no such library or program`, { hint: "give its path" });
  return { path: join(root, found), shown: found };
}
