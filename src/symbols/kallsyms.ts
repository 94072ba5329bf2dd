/**
 * The kernel's symbols: /proc/kallsyms, with modules and BPF programs. A distribution's kernel has some 160,000 of
 * them, and a command waits for all of them before it can name one. So the file stays the bytes it is: per symbol
 * there is an address and where its line is, and a name becomes a string when somebody asks for it.
 */
import { readFileSync } from "node:fs";
import {
  byAddress,
  type Columns,
  KallsymsParser,
  linesNamed,
  moduleOf,
  nameOf,
  parseAddress,
  parseKallsyms,
  typeOf,
} from "./kallsyms-columns";
import { readAtOnce, readInPieces } from "./kallsyms-file";
import { countUpTo, sortedOrder } from "./sorted-order";

/** What an address of the kernel belongs to. */
export interface KernelSymbol {
  readonly name: string;
  /** The module; "bpf" for a BPF program; undefined for the kernel itself. */
  readonly module: string | undefined;
  /** Bytes from the function's beginning. */
  readonly offset: number;
}

/** A function and where it begins. */
export interface KernelFunction {
  readonly name: string;
  readonly module: string | undefined;
  readonly address: bigint;
}

/** What makes the kernel show its addresses; for an error's hint. */
export const hiddenSymbolsHint =
  "the kernel hides its addresses: run it as root, with kernel.kptr_restrict set to 0 or 1 (sysctl)";

/** How far the last function of a module reaches at most where kallsyms shows no end of it; BPF programs too. */
const UNKNOWN_EXTENT = 0x1_0000;
/** Where code ends: functions by their type, but nothing that lies behind them is theirs. */
const END_MARKS: ReadonlySet<string> = new Set(["_etext", "_einittext"]);
/** nm's letters: text, and weak symbols, which in the kernel are functions. */
const FUNCTION_TYPES: ReadonlySet<number> = new Set([..."tTwW"].map((letter) => letter.charCodeAt(0)));

/**
 * Addresses as numbers without loss: both ends of the address space lie around 0, the kernel's half below it. No
 * architecture has more than 2^52 bytes in either half.
 */
const keyOf = (address: bigint) => Number(BigInt.asIntN(64, address));
const addressOf = (key: number) => BigInt.asUintN(64, BigInt(key));

/** Reads the running kernel's symbols. Throws node's error where /proc/kallsyms cannot be read. */
export function readKallsyms(proc = "/proc"): Kallsyms {
  return new Kallsyms(readAtOnce(`${proc}/kallsyms`), readIfThere(`${proc}/modules`));
}

/**
 * The same while others go on, and sooner: what has come is taken apart while the kernel prints the rest. Rejects with
 * node's error where /proc/kallsyms cannot be read.
 */
export async function loadKallsyms(proc = "/proc"): Promise<Kallsyms> {
  const parser = new KallsymsParser();
  const bytes = await readInPieces(`${proc}/kallsyms`, (soFar) => parser.parse(soFar));
  return new Kallsyms(bytes, readIfThere(`${proc}/modules`), parser.finish(bytes));
}

/** All symbols of one kernel at one moment. */
export class Kallsyms {
  /** True if the kernel shows every address as 0: see `hiddenSymbolsHint`. */
  readonly hidden: boolean;
  private readonly bytes: Buffer;
  private sortedOnce: Columns | undefined;
  private moduleEndsOnce: ReadonlyMap<string, number> | undefined;

  /**
   * `kallsyms` in the form of /proc/kallsyms, which is kept; `modules` in that of /proc/modules, where the ends of
   * modules come from; `parsedOnce` what `kallsyms` holds, if it has been taken apart already.
   */
  constructor(
    kallsyms: Uint8Array,
    private readonly modules = "",
    private parsedOnce?: Columns,
  ) {
    this.bytes = Buffer.from(kallsyms.buffer, kallsyms.byteOffset, kallsyms.byteLength);
    const last = this.bytes.lastIndexOf("\n", this.bytes.length - 2) + 1;
    this.hidden = parseAddress(this.bytes, 0) === 0 && parseAddress(this.bytes, last) === 0;
  }

  /** How many symbols there are, data included. */
  get size(): number {
    return this.parsed.keys.length;
  }

  /** Taken apart when first asked for: who wants one name only need not wait for it. */
  private get parsed(): Columns {
    this.parsedOnce ??= parseKallsyms(this.bytes);
    return this.parsedOnce;
  }

  private get sorted(): Columns {
    this.sortedOnce ??= byAddress(this.parsed);
    return this.sortedOnce;
  }

  /** Key behind the last byte of each module. */
  private get moduleEnds(): ReadonlyMap<string, number> {
    this.moduleEndsOnce ??= moduleEndsOf(this.modules);
    return this.moduleEndsOnce;
  }

  /** The function that holds `address`; undefined where there is none. */
  lookup(address: bigint): KernelSymbol | undefined {
    if (this.hidden) return undefined;
    const { keys, lines } = this.sorted;
    const key = keyOf(address);
    const at = this.functionAt(countUpTo(keys, key) - 1);
    if (at === undefined) return undefined;
    const line = lines[at] as number;
    const module = moduleOf(this.bytes, line);
    if (key >= this.extentEnd(at, module)) return undefined;
    return { name: nameOf(this.bytes, line), module, offset: key - (keys[at] as number) };
  }

  /** Where functions of that name begin: several where the kernel has several static ones. */
  addressesOf(name: string, module?: string): bigint[] {
    if (this.hidden) return [];
    const found = new Set<bigint>();
    for (const each of this.named(name))
      if (module === undefined || each.module === module) found.add(each.address);
    return [...found];
  }

  /** The functions of that name. Much quicker than a pattern. */
  *named(name: string): Generator<KernelFunction> {
    for (const line of linesNamed(this.bytes, name)) {
      const key = parseAddress(this.bytes, line);
      if (key !== undefined && this.isFunction(line)) yield this.functionOf(line, key);
    }
  }

  /** The functions whose names match, by rising address; all without a pattern. Names show when addresses do not. */
  *functions(pattern?: RegExp): Generator<KernelFunction> {
    const { keys, lines } = this.parsed;
    const matching = new Uint32Array(keys.length);
    let count = 0;
    for (let at = 0; at < keys.length; at++) {
      const line = lines[at] as number;
      if (!this.isFunction(line)) continue;
      if (pattern === undefined || nameOf(this.bytes, line).search(pattern) !== -1) matching[count++] = at;
    }
    const chosen = matching.subarray(0, count);
    for (const index of sortedOrder(Float64Array.from(chosen, (at) => keys[at] as number))) {
      const at = chosen[index] as number;
      yield this.functionOf(lines[at] as number, keys[at] as number);
    }
  }

  private functionOf(line: number, key: number): KernelFunction {
    return { name: nameOf(this.bytes, line), module: moduleOf(this.bytes, line), address: addressOf(key) };
  }

  private isFunction(line: number): boolean {
    return FUNCTION_TYPES.has(typeOf(this.bytes, line));
  }

  /** Of the symbols at the address of symbol `last` the first that is a function: the kernel chooses that one too. */
  private functionAt(last: number): number | undefined {
    const { keys, lines } = this.sorted;
    let found: number | undefined;
    for (let at = last; at >= 0 && keys[at] === keys[last]; at--) {
      const line = lines[at] as number;
      if (this.isFunction(line) && !END_MARKS.has(nameOf(this.bytes, line))) found = at;
    }
    return found;
  }

  /** Behind the last byte that can belong to the function at `at`, of that module. */
  private extentEnd(at: number, module: string | undefined): number {
    const { keys, lines } = this.sorted;
    const start = keys[at] as number;
    const behind = countUpTo(keys, start);
    const next = keys[behind] ?? Number.POSITIVE_INFINITY;
    const moduleEnd = module === undefined ? undefined : this.moduleEnds.get(module);
    if (moduleEnd !== undefined && start < moduleEnd) return Math.min(moduleEnd, next);
    const isAmidKernel =
      module === undefined &&
      behind < keys.length &&
      moduleOf(this.bytes, lines[behind] as number) === undefined;
    return isAmidKernel ? next : Math.min(start + UNKNOWN_EXTENT, next);
  }
}

/** Lines are `name size users users' names state address`. */
function moduleEndsOf(modules: string): Map<string, number> {
  const ends = new Map<string, number>();
  for (const line of modules.split("\n")) {
    const [name, size, , , , address] = line.split(" ");
    if (name !== undefined && address !== undefined && /^0x[0-9a-f]{1,16}$/.test(address))
      ends.set(name, keyOf(BigInt(address)) + Number(size));
  }
  return ends;
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}
