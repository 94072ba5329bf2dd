/**
 * The kernel's symbols: /proc/kallsyms, with modules and BPF programs. A distribution's kernel has some 160,000 of
 * them, and a command waits for all of them before it can name one. So the file stays the bytes it is: per symbol
 * there is a number in each of a few arrays, and a name becomes a string when somebody asks for it.
 */
import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import {
  byAddress,
  type Columns,
  linesNamed,
  nameEnd,
  type ParsedKallsyms,
  parseAddress,
  parseKallsyms,
} from "./kallsyms-columns";
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

/** Room for 250,000 symbols; more is made when it is not enough. */
const USUAL_SIZE = 12 * 1024 * 1024;
/** How far the last function of a module reaches at most where kallsyms shows no end of it; BPF programs too. */
const UNKNOWN_EXTENT = 0x1_0000;
/** Where code ends: functions by their type, but nothing that lies behind them is theirs. */
const END_MARKS: ReadonlySet<string> = new Set(["_etext", "_einittext"]);
/** nm's letters: text, and weak symbols, which in the kernel are functions. */
const FUNCTION_TYPES: ReadonlySet<number> = new Set([..."tTwW"].map((letter) => letter.charCodeAt(0)));
const isFunctionType = (type: number) => FUNCTION_TYPES.has(type);

/**
 * Addresses as numbers without loss: both ends of the address space lie around 0, the kernel's half below it. No
 * architecture has more than 2^52 bytes in either half.
 */
const keyOf = (address: bigint) => Number(BigInt.asIntN(64, address));
const addressOf = (key: number) => BigInt.asUintN(64, BigInt(key));

/** Reads the running kernel's symbols. Throws node's error where /proc/kallsyms cannot be read. */
export function readKallsyms(proc = "/proc"): Kallsyms {
  return new Kallsyms(readBytes(`${proc}/kallsyms`), readIfThere(`${proc}/modules`));
}

/** All symbols of one kernel at one moment. */
export class Kallsyms {
  /** True if the kernel shows every address as 0: see `hiddenSymbolsHint`. */
  readonly hidden: boolean;
  private readonly bytes: Buffer;
  private parsedOnce: ParsedKallsyms | undefined;
  private sortedOnce: Columns | undefined;
  private moduleEndsOnce: Float64Array | undefined;

  /**
   * `kallsyms` in the form of /proc/kallsyms, which is kept; `modules` in that of /proc/modules, where the ends of
   * modules come from.
   */
  constructor(
    kallsyms: Uint8Array,
    private readonly modules = "",
  ) {
    this.bytes = Buffer.from(kallsyms.buffer, kallsyms.byteOffset, kallsyms.byteLength);
    const last = this.bytes.lastIndexOf("\n", this.bytes.length - 2) + 1;
    this.hidden = parseAddress(this.bytes, 0) === 0 && parseAddress(this.bytes, last) === 0;
  }

  /** How many symbols there are, data included. */
  get size(): number {
    return this.parsed.columns.keys.length;
  }

  /** Taken apart when first asked for: who wants one name only need not wait for it. */
  private get parsed(): ParsedKallsyms {
    this.parsedOnce ??= parseKallsyms(this.bytes);
    return this.parsedOnce;
  }

  private get sorted(): Columns {
    this.sortedOnce ??= byAddress(this.parsed.columns);
    return this.sortedOnce;
  }

  /** Key behind the last byte of each module; by the module's index, NaN where it is unknown. */
  private get moduleEnds(): Float64Array {
    this.moduleEndsOnce ??= moduleEndsOf(this.modules, this.parsed.moduleNames);
    return this.moduleEndsOnce;
  }

  /** The function that holds `address`; undefined where there is none. */
  lookup(address: bigint): KernelSymbol | undefined {
    if (this.hidden) return undefined;
    const { keys, modules } = this.sorted;
    const key = keyOf(address);
    const behind = countUpTo(keys, key);
    const at = this.functionAt(behind - 1);
    if (at === undefined || key >= this.extentEnd(at)) return undefined;
    return {
      name: this.nameAt(this.sorted, at),
      module: this.parsed.moduleNames[modules[at] as number],
      offset: key - (keys[at] as number),
    };
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
    for (const { key, type, module } of linesNamed(this.bytes, name))
      if (isFunctionType(type)) yield { name, module, address: addressOf(key) };
  }

  /** The functions whose names match, by rising address; all without a pattern. Names show when addresses do not. */
  *functions(pattern?: RegExp): Generator<KernelFunction> {
    const { columns, moduleNames } = this.parsed;
    const { keys, types, modules } = columns;
    const matching = new Uint32Array(keys.length);
    let count = 0;
    for (let at = 0; at < keys.length; at++) {
      if (!isFunctionType(types[at] as number)) continue;
      if (pattern === undefined || this.nameAt(columns, at).search(pattern) !== -1) matching[count++] = at;
    }
    const chosen = matching.subarray(0, count);
    for (const index of sortedOrder(Float64Array.from(chosen, (at) => keys[at] as number))) {
      const at = chosen[index] as number;
      const module = moduleNames[modules[at] as number];
      yield { name: this.nameAt(columns, at), module, address: addressOf(keys[at] as number) };
    }
  }

  /** Of the symbols at the address of symbol `last` the first that is a function: the kernel chooses that one too. */
  private functionAt(last: number): number | undefined {
    const { keys, types } = this.sorted;
    let found: number | undefined;
    for (let at = last; at >= 0 && keys[at] === keys[last]; at--)
      if (isFunctionType(types[at] as number) && !END_MARKS.has(this.nameAt(this.sorted, at))) found = at;
    return found;
  }

  /** Behind the last byte that can belong to the function at `at`. */
  private extentEnd(at: number): number {
    const { keys, modules } = this.sorted;
    const start = keys[at] as number;
    const behind = countUpTo(keys, start);
    const module = modules[at] as number;
    const moduleEnd = this.moduleEnds[module] as number;
    const amidKernel = module === 0 && modules[behind] === 0;
    const limit = amidKernel ? Number.POSITIVE_INFINITY : start + UNKNOWN_EXTENT;
    const end = start < moduleEnd ? moduleEnd : limit;
    return Math.min(end, keys[behind] ?? Number.POSITIVE_INFINITY);
  }

  private nameAt({ names }: Columns, at: number): string {
    const start = names[at] as number;
    return this.bytes.toString("latin1", start, nameEnd(this.bytes, start));
  }
}

/** By the numbers of `names`. Lines are `name size users users' names state address`. */
function moduleEndsOf(modules: string, names: readonly (string | undefined)[]): Float64Array {
  const ends = new Float64Array(names.length).fill(Number.NaN);
  for (const line of modules.split("\n")) {
    const [name, size, , , , address] = line.split(" ");
    const number = names.indexOf(name);
    if (number > 0 && address !== undefined && /^0x[0-9a-f]{1,16}$/.test(address))
      ends[number] = keyOf(BigInt(address)) + Number(size);
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

/** Node reads a file of unknown size into a new piece of memory for each of the kernel's small answers; this does not. */
function readBytes(path: string): Buffer {
  const file = openSync(path, "r");
  try {
    let bytes = Buffer.allocUnsafeSlow(USUAL_SIZE);
    let length = 0;
    for (;;) {
      const count = readSync(file, bytes, length, bytes.length - length, null);
      if (count === 0) return bytes.subarray(0, length);
      length += count;
      if (length === bytes.length) bytes = Buffer.concat([bytes], 2 * length);
    }
  } finally {
    closeSync(file);
  }
}
