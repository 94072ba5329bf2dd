/** One measurement of src/symbols in a process of its own: `kallsyms`, or `elf FILE FUNCTIONS`. Prints JSON. */
import { readFileSync } from "node:fs";
import { ElfFile } from "../src/symbols/elf/elf-file";
import { readKallsyms } from "../src/symbols/kallsyms";
import { FUNCTION_SIZE, functionName } from "./big-elf";
import { statusKib } from "./process-status";

/** What a run prints. */
export interface SymbolsSample {
  /** To the first name. */
  readonly firstMs: number;
  /** For all names. */
  readonly allMs: number;
  readonly readBytes: number;
  readonly peakMb: number;
}

const LOOKUPS = 50_000;

/** Bytes that this process has read: proc(5), /proc/PID/io. */
const bytesRead = () => Number(/^rchar: (\d+)$/m.exec(readFileSync("/proc/self/io", "utf8"))?.[1]);

function measure(first: () => void, all: () => void): SymbolsSample {
  const before = bytesRead();
  const startedAt = performance.now();
  first();
  const firstMs = performance.now() - startedAt;
  all();
  const allMs = performance.now() - startedAt;
  const peakMb = (statusKib(readFileSync("/proc/self/status", "utf8"), "VmHWM") ?? Number.NaN) / 1024;
  return { firstMs, allMs, readBytes: bytesRead() - before, peakMb };
}

function kallsyms(): SymbolsSample {
  let symbols: ReturnType<typeof readKallsyms> | undefined;
  let address = 0n;
  return measure(
    () => {
      symbols = readKallsyms();
      [address = 0n] = symbols.addressesOf("vfs_read");
      symbols.lookup(address);
    },
    () => {
      for (let i = 0; i < LOOKUPS; i++) symbols?.lookup(address + BigInt(i * 64));
    },
  );
}

function elf(path: string, functions: number): SymbolsSample {
  using file = ElfFile.open(path);
  const ask = (number: number) => {
    const found = file.functions?.find(0x1000 + number * FUNCTION_SIZE + 17);
    if (found?.name !== functionName(number)) throw new Error(`function ${number}: found ${found?.name}`);
  };
  // Addresses of a profile crowd in a part of the program.
  const spread = (i: number) => Math.floor((i * i * 31) % (functions / 4));
  return measure(
    () => ask(functions - 1),
    () => {
      for (let i = 0; i < LOOKUPS; i++) ask(spread(i));
    },
  );
}

const [what, path = "", functions = ""] = process.argv.slice(2);
if (what !== undefined)
  process.stdout.write(JSON.stringify(what === "kallsyms" ? kallsyms() : elf(path, Number(functions))));
