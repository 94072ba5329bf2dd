/** The ELF files that processes map: each is opened once, by whichever process comes first. */
import { closeSync, openSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import { ElfFile } from "./elf/elf-file";
import { ElfModule } from "./elf/elf-module";
import { ElfError } from "./elf/error";
import { FileSource, MemorySource } from "./elf/source";
import type { ExecutableMapping } from "./process-maps";
import type { Unnamed } from "./unnamed";

/** Largest vdso that is believed: real ones have two pages. */
const LARGEST_VDSO = 1024 * 1024;

interface CachedFile {
  readonly source: FileSource;
  readonly modifiedMs: number;
  readonly module: ElfModule;
}

export class ModuleCache implements Disposable {
  private readonly files = new Map<string, CachedFile>();
  private readonly vdsos: { readonly bytes: Buffer; readonly module: ElfModule }[] = [];
  /** Files that have been written over: processes may still ask them. */
  private readonly replaced: ElfModule[] = [];

  constructor(private readonly proc: string) {}

  /** The module that process `pid` has mapped there, or why there is none. */
  open(pid: number, mapping: ExecutableMapping): ElfModule | Unnamed {
    try {
      if (mapping.kind === "vdso") return this.vdso(pid, mapping);
      if (mapping.kind === "vsyscall") return "no function";
      return mapping.kind === "file" ? this.file(pid, mapping) : "run-time code";
    } catch (error) {
      if (error instanceof ElfError) return error.cause === undefined ? "not ELF" : "unreadable";
      throw error;
    }
  }

  [Symbol.dispose](): void {
    for (const { module } of this.files.values()) module[Symbol.dispose]();
    for (const module of this.replaced) module[Symbol.dispose]();
    this.files.clear();
  }

  /** While a file is open its inode number belongs to no other, so number and device are enough to know it again. */
  private file(pid: number, mapping: ExecutableMapping): ElfModule {
    const key = `${mapping.device}:${mapping.inode}`;
    const known = this.files.get(key);
    if (known !== undefined && known.source.modifiedNowMs === known.modifiedMs) return known.module;
    const source = this.openMapped(pid, mapping);
    const root = `${this.proc}/${pid}/root`;
    const module = new ElfModule(new ElfFile(source), mapping.path, [root, "/"]);
    if (known !== undefined) this.replaced.push(known.module);
    this.files.set(key, { source, modifiedMs: source.modifiedNowMs, module });
    return module;
  }

  /** The mapped file itself where we may follow that link; else what has its name, if it is the same file. */
  private openMapped(pid: number, { start, end, path, inode, deleted }: ExecutableMapping): FileSource {
    const link = `${this.proc}/${pid}/map_files/${start.toString(16)}-${end.toString(16)}`;
    try {
      return new FileSource(link, path);
    } catch (error) {
      if (deleted || !(error instanceof ElfError)) throw error;
      // The process may just have ended: then its file is still the one that our own root has there.
      const byName = [join(`${this.proc}/${pid}/root`, path), path].find((name) => inodeOf(name) === inode);
      if (byName === undefined) throw error;
      return new FileSource(byName, path);
    }
  }

  private vdso(pid: number, { start, end }: ExecutableMapping): ElfModule {
    const bytes = this.readMemory(pid, start, Math.min(end - start, LARGEST_VDSO));
    const known = this.vdsos.find((one) => one.bytes.equals(bytes));
    if (known !== undefined) return known.module;
    const module = new ElfModule(new ElfFile(new MemorySource(bytes, "[vdso]")), "[vdso]", []);
    this.vdsos.push({ bytes, module });
    return module;
  }

  private readMemory(pid: number, start: number, length: number): Buffer {
    let file: number | undefined;
    try {
      file = openSync(`${this.proc}/${pid}/mem`, "r");
      const bytes = Buffer.alloc(length);
      return bytes.subarray(0, readSync(file, bytes, 0, length, start));
    } catch (error) {
      throw new ElfError(`read [vdso] of process ${pid}: not readable`, { cause: error });
    } finally {
      if (file !== undefined) closeSync(file);
    }
  }
}

function inodeOf(path: string): bigint | undefined {
  try {
    return statSync(path, { bigint: true }).ino;
  } catch {
    return undefined;
  }
}
