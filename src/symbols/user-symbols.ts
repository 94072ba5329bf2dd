/**
 * Names for the addresses of processes. Maps are read when a process is first heard of, and the files they name are
 * opened then: a process that has ended can still be named. Files are shared by all processes that map them.
 */
import { basename } from "node:path";
import type { ElfModule } from "./elf/elf-module";
import type { JitCode } from "./jit-code";
import type { MappingHistory } from "./mapping-history";
import { ModuleCache } from "./module-cache";
import { type JitSymbol, type PerfMap, PerfMapFile } from "./perf-map";
import { type ExecutableMapping, type ProcessMaps, readMaps } from "./process-maps";
import type { Unnamed } from "./unnamed";

/** What an address of a process belongs to. */
export interface UserSymbol {
  /** Undefined where there is none: see `unnamed`. */
  readonly name: string | undefined;
  /** The mapped file's path as the process sees it, or "[vdso]", "[jit]", "[anon]"; undefined where nothing is mapped. */
  readonly module: string | undefined;
  /** Bytes from the function's beginning; without a name the linked address in the module, as nm shows addresses. */
  readonly offset: number;
  /** Why there is no name. */
  readonly unnamed: Unnamed | undefined;
  /** What is known of code that was made at run time: its file, line and tier. */
  readonly code?: JitCode;
}

/** How processes are found, and how names are shown. */
export interface UserSymbolsOptions {
  /** Where processes are shown. */
  readonly proc?: string;
  /** Makes a mangled name readable. */
  readonly demangle?: (name: string) => string;
  /** What is known of processes that have ended. */
  readonly history?: Pick<MappingHistory, "mapsOf"> | undefined;
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

/** Names for the addresses of processes. It holds mapped files open until it is disposed. */
export class UserSymbols implements Disposable {
  private readonly processes = new Map<number, ProcessSymbols>();
  private readonly modules: ModuleCache;
  private readonly proc: string;
  private readonly demangle: (name: string) => string;
  private readonly history: UserSymbolsOptions["history"];

  constructor({ proc = "/proc", demangle = (name) => name, history }: UserSymbolsOptions = {}) {
    this.proc = proc;
    this.demangle = demangle;
    this.history = history;
    this.modules = new ModuleCache(proc);
  }

  /** The process's symbols. Its maps are read at the first call: call it as soon as the process is known. */
  process(pid: number): ProcessSymbols {
    let known = this.processes.get(pid);
    if (known === undefined) {
      known = new ProcessSymbols(pid, this.proc, this.modules, this.demangle, this.history);
      this.processes.set(pid, known);
    }
    return known;
  }

  /** What `address` of process `pid` belongs to. */
  lookup(pid: number, address: bigint): UserSymbol {
    return this.process(pid).lookup(address);
  }

  /**
   * Unpacks the symbols that stripped files carry in compressed form (Fedora's MiniDebugInfo), which cannot be done
   * while a name is waited for: call it before names are asked for, or do without those.
   */
  async unpack(): Promise<void> {
    for (const process of this.processes.values())
      for (const { module } of process.mapped) if (typeof module !== "string") await module.unpack();
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
  private recalled: ProcessMaps | undefined;
  private readAt = 0;
  /** By device and inode. */
  private readonly opened = new Map<string, ElfModule | Unnamed>();
  private readonly found = new WeakMap<ExecutableMapping, MappedModule>();
  /** Unwinding asks for each frame of each sample, and most are in the file of the one before. */
  private lastFound: MappedModule | undefined;
  private changes = 0;
  private readonly perfMapFile: PerfMapFile;
  private perfMap: { readonly map: PerfMap | undefined; readonly readAt: number } | undefined;

  constructor(
    readonly pid: number,
    private readonly proc: string,
    private readonly modules: ModuleCache,
    private readonly demangle: (name: string) => string,
    private readonly history: UserSymbolsOptions["history"],
  ) {
    this.perfMapFile = new PerfMapFile(pid, proc);
    this.refresh();
  }

  /**
   * Reads the maps again, as after an execve; of a process that is gone, what the history tells. False if nobody knows,
   * and then what was read before stays.
   */
  refresh(): boolean {
    this.readAt = Date.now();
    const maps = readMaps(this.pid, this.proc);
    if (maps === undefined) return this.recall();
    this.take(maps);
    return true;
  }

  /** Takes what the history tells; false if that is nothing new. */
  private recall(): boolean {
    const maps = this.history?.mapsOf(this.pid);
    if (maps === undefined || maps === this.recalled) return false;
    this.recalled = maps;
    this.take(maps);
    return true;
  }

  private take(maps: ProcessMaps): void {
    if (maps.equals(this.maps[0])) return;
    this.maps = [maps, ...this.maps].slice(0, GENERATIONS);
    this.lastFound = undefined;
    this.changes++;
    for (const mapping of maps.mappings) this.moduleOf(mapping);
  }

  /** How often what is mapped has been found changed. */
  get generation(): number {
    return this.changes;
  }

  /** Every executable mapping as it was last read, with its file. */
  get mapped(): MappedModule[] {
    const mappings = this.maps[0]?.mappings ?? [];
    return mappings.map((mapping) => ({ mapping, module: this.moduleOf(mapping) }));
  }

  /** What is mapped at `address`; the same object for every address of a mapping. */
  moduleAt(address: bigint): MappedModule | undefined {
    return this.mappedAt(Number(address));
  }

  /** The same for an address as a number, which is quicker. */
  mappedAt(address: number): MappedModule | undefined {
    const last = this.lastFound;
    if (last !== undefined && address >= last.mapping.start && address < last.mapping.end) return last;
    const mapping = this.find(address);
    if (mapping === undefined) return undefined;
    let found = this.found.get(mapping);
    if (found === undefined) {
      found = { mapping, module: this.moduleOf(mapping) };
      this.found.set(mapping, found);
    }
    // Part of an older mapping may be something else in the newest maps.
    if (this.maps[0]?.find(address) === mapping) this.lastFound = found;
    return found;
  }

  /** What `address` belongs to. */
  lookup(address: bigint): UserSymbol {
    const at = Number(address);
    const mapping = this.find(at);
    if (mapping === undefined) {
      const unnamed = this.maps.length === 0 ? "exited" : "unmapped";
      return { name: undefined, module: undefined, offset: at, unnamed };
    }
    const module = this.moduleOf(mapping);
    return typeof module === "string"
      ? this.withoutFile(at, mapping, module)
      : this.inFile(at, mapping, module);
  }

  private inFile(at: number, mapping: ExecutableMapping, module: ElfModule): UserSymbol {
    const { path } = mapping;
    const place = at - mapping.start + mapping.offset;
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

  /** Code made at run time, or in a file that cannot be read: a map of it may be in /tmp. */
  private withoutFile(at: number, mapping: ExecutableMapping, why: Unnamed): UserSymbol {
    const found = this.findCode(at);
    if (found !== undefined) {
      const { code, offset } = found;
      return { name: code.name, module: "[jit]", offset, unnamed: undefined, code };
    }
    const nodeAlone = why === "run-time code" && this.perfMap?.map === undefined && this.isNode();
    return {
      name: undefined,
      module: mapping.path || "[anon]",
      offset: at - mapping.start + mapping.offset,
      unnamed: nodeAlone ? "node without a map" : why,
    };
  }

  /** The map grows as code is compiled. */
  private findCode(at: number): JitSymbol | undefined {
    const found = this.perfMap?.map?.find(at);
    const now = Date.now();
    if (found !== undefined || (this.perfMap !== undefined && now - this.perfMap.readAt < REREAD_MS))
      return found;
    this.perfMap = { map: this.perfMapFile.read(), readAt: now };
    return this.perfMap.map?.find(at);
  }

  /** True for the node program, and for those that have it as a library. */
  private isNode(): boolean {
    return this.maps.some(({ mappings }) =>
      mappings.some(({ path }) => /^(?:node(?:js)?|libnode\.so.*)$/.test(basename(path))),
    );
  }

  private find(address: number): ExecutableMapping | undefined {
    const found = this.findKnown(address);
    if (found !== undefined) return found;
    const hasChanged = Date.now() - this.readAt < REREAD_MS ? this.recall() : this.refresh();
    return hasChanged ? this.findKnown(address) : undefined;
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
