/** An ELF file with every symbol table that belongs to it, wherever it lies. */
import { openDebugFile } from "./debug-files";
import type { ElfFile } from "./elf-file";
import { ElfError } from "./error";
import type { ElfFunction, FunctionTable } from "./function-table";
import { openMiniDebugInfo } from "./mini-debug-info";

/** Where a module's names come from: how much can be expected of them. */
export type SymbolSource = "symtab" | "debug file" | "minidebuginfo" | "dynsym" | "none";

/** A file and its names, its debug file's among them. */
export class ElfModule implements Disposable {
  private list: readonly FunctionTable[] | undefined;
  private debug: ElfFile | undefined;
  private source: SymbolSource = "none";
  private unpacked = false;

  /** `path` is where the file lies below each of `roots`, in which its debug file is looked for too. */
  constructor(
    readonly elf: ElfFile,
    private readonly path: string,
    private readonly roots: readonly string[],
  ) {}

  /** Unpacks the symbols that the file carries in compressed form, if it has no others. */
  async unpack(): Promise<void> {
    if (this.hasOwnNames || this.unpacked) return;
    this.unpacked = true;
    const mini = await openMiniDebugInfo(this.elf).catch(absentIfDamaged);
    const table = mini && intact(() => mini.functions);
    if (table === undefined) return;
    this.list = [table, ...this.tables];
    this.source = "minidebuginfo";
  }

  /** The best of its symbol tables. */
  get symbolSource(): SymbolSource {
    this.tables;
    return this.source;
  }

  /** False where only the names that other files call are known. */
  get hasOwnNames(): boolean {
    return this.symbolSource !== "dynsym" && this.symbolSource !== "none";
  }

  /** The function that holds the linked address. */
  find(address: number): ElfFunction | undefined {
    for (const table of this.tables) {
      // A file may be cut short while it is in use.
      const found = intact(() => table.find(address));
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Every function of that name, each address once. */
  named(name: string): ElfFunction[] {
    const found = new Map<number, ElfFunction>();
    for (const table of this.tables)
      for (const one of table.named(name)) if (!found.has(one.address)) found.set(one.address, one);
    return [...found.values()];
  }

  /** The functions whose names match; those in several tables once. */
  *matching(pattern?: RegExp): Generator<ElfFunction> {
    const [first, ...others] = this.tables;
    if (first === undefined) return;
    if (others.length === 0) return yield* first.matching(pattern);
    const seen = new Set<string>();
    for (const table of this.tables) {
      for (const found of table.matching(pattern)) {
        const key = `${found.name}@${found.address}`;
        if (!seen.has(key)) yield found;
        seen.add(key);
      }
    }
  }

  [Symbol.dispose](): void {
    this.elf[Symbol.dispose]();
    this.debug?.[Symbol.dispose]();
  }

  private get tables(): readonly FunctionTable[] {
    this.list ??= this.loadTables();
    return this.list;
  }

  /** A damaged table is as good as none. */
  private loadTables(): FunctionTable[] {
    const own = intact(() => this.elf.functions);
    if (own !== undefined && own.size > 0) {
      this.source = "symtab";
      return [own];
    }
    const exported = intact(() => this.elf.exportedFunctions);
    this.debug = intact(() => openDebugFile(this.elf, this.path, this.roots));
    const separate = this.debug && intact(() => this.debug?.functions);
    const tables = [separate, exported].filter((table) => table !== undefined && table.size > 0);
    this.source = separate !== undefined ? "debug file" : tables.length > 0 ? "dynsym" : "none";
    return tables as FunctionTable[];
  }
}

function intact<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    return absentIfDamaged(error);
  }
}

function absentIfDamaged(error: unknown): undefined {
  if (!(error instanceof ElfError)) throw error;
}
