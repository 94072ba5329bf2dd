/**
 * Names for the addresses of processes. Maps are read when a process is first heard of, and the files they name are
 * opened then: a process that has ended can still be named. Files are shared by all processes that map them.
 */
import type { ElfModule } from "./elf/elf-module";
import { ModuleCache } from "./module-cache";
import { type ExecutableMapping, type ProcessMaps, readMaps } from "./process-maps";
import type { Unnamed } from "./unnamed";

/** What an address of a process belongs to. */
export interface UserSymbol {
  /** Undefined where there is none: see `unnamed`. */
  readonly name: string | undefined;
  /** The mapped file's path as the process sees it, or "[vdso]", "[anon]"; undefined where nothing is mapped. */
  readonly module: string | undefined;
  /** Bytes from the function's beginning; without a name the linked address in the module, as nm shows addresses. */
  readonly offset: number;
  /** Why there is no name. */
  readonly unnamed: Unnamed | undefined;
}

export interface UserSymbolsOptions {
  /** Where processes are shown. */
  readonly proc?: string;
  /** Makes a mangled name readable. */
  readonly demangle?: (name: string) => string;
}

/** A mapping and the file under it. */
export interface MappedModule {
  readonly mapping: ExecutableMapping;
  /** Or why it cannot be read. */
  readonly module: ElfModule | Unnamed;
}

/** Addresses that are in no map may be in one made since; but garbage must not make us read maps all day. */
const REREAD_MS = 250;
/** Maps of the same process that are kept: before and after it executed other programs. */
const GENERATIONS = 4;

export class UserSymbols implements Disposable {
  private readonly processes = new Map<number, ProcessSymbols>();
  private readonly modules: ModuleCache;
  private readonly proc: string;
  private readonly demangle: (name: string) => string;

  constructor({ proc = "/proc", demangle = (name) => name }: UserSymbolsOptions = {}) {
    this.proc = proc;
    this.demangle = demangle;
    this.modules = new ModuleCache(proc);
  }

  /** The process's symbols. Its maps are read at the first call: call it as soon as the process is known. */
  process(pid: number): ProcessSymbols {
    let known = this.processes.get(pid);
    if (known === undefined) {
      known = new ProcessSymbols(pid, this.proc, this.modules, this.demangle);
      this.processes.set(pid, known);
    }
    return known;
  }

  /** What `address` of process `pid` belongs to. */
  lookup(pid: number, address: bigint): UserSymbol {
    return this.process(pid).lookup(address);
  }

  /** Closes every file. */
  [Symbol.dispose](): void {
    this.modules[Symbol.dispose]();
    this.processes.clear();
  }
}

/** One process's executable memory by name. */
export class ProcessSymbols {
  /** The newest first. */
  private maps: readonly ProcessMaps[] = [];
  private readAt = 0;
  /** By device and inode. */
  private readonly opened = new Map<string, ElfModule | Unnamed>();

  constructor(
    readonly pid: number,
    private readonly proc: string,
    private readonly modules: ModuleCache,
    private readonly demangle: (name: string) => string,
  ) {
    this.refresh();
  }

  /** Reads the maps again, as after an execve; false if the process is gone, and then what was read before stays. */
  refresh(): boolean {
    this.readAt = Date.now();
    const maps = readMaps(this.pid, this.proc);
    if (maps === undefined) return false;
    if (maps.equals(this.maps[0])) return true;
    this.maps = [maps, ...this.maps].slice(0, GENERATIONS);
    for (const mapping of maps.mappings) this.moduleOf(mapping);
    return true;
  }

  /** Every executable mapping as it was last read, with its file. */
  get mapped(): MappedModule[] {
    const mappings = this.maps[0]?.mappings ?? [];
    return mappings.map((mapping) => ({ mapping, module: this.moduleOf(mapping) }));
  }

  /** What is mapped at `address`. */
  moduleAt(address: bigint): MappedModule | undefined {
    const mapping = this.find(Number(address));
    return mapping && { mapping, module: this.moduleOf(mapping) };
  }

  /** What `address` belongs to. */
  lookup(address: bigint): UserSymbol {
    const at = Number(address);
    const mapping = this.find(at);
    if (mapping === undefined) {
      const unnamed = this.maps.length === 0 ? "exited" : "unmapped";
      return { name: undefined, module: undefined, offset: at, unnamed };
    }
    const path = mapping.path === "" ? "[anon]" : mapping.path;
    const place = at - mapping.start + mapping.offset;
    const module = this.moduleOf(mapping);
    if (typeof module === "string") return { name: undefined, module: path, offset: place, unnamed: module };
    const linked = module.elf.addressOf(place) ?? place;
    const found = module.find(linked);
    if (found !== undefined)
      return {
        name: this.demangle(found.name),
        module: path,
        offset: linked - found.address,
        unnamed: undefined,
      };
    const unnamed = module.hasOwnNames ? "no function" : "stripped";
    return { name: undefined, module: path, offset: linked, unnamed };
  }

  private find(address: number): ExecutableMapping | undefined {
    const found = this.findKnown(address);
    if (found !== undefined || Date.now() - this.readAt < REREAD_MS) return found;
    return this.refresh() ? this.findKnown(address) : undefined;
  }

  private findKnown(address: number): ExecutableMapping | undefined {
    for (const maps of this.maps) {
      const found = maps.find(address);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  private moduleOf(mapping: ExecutableMapping): ElfModule | Unnamed {
    if (mapping.kind !== "file" && mapping.kind !== "vdso") return this.modules.open(this.pid, mapping);
    const key = `${mapping.kind}:${mapping.device}:${mapping.inode}`;
    let known = this.opened.get(key);
    if (known === undefined) {
      known = this.modules.open(this.pid, mapping);
      this.opened.set(key, known);
    }
    return known;
  }
}
