/** One measurement of src/symbols in a process of its own: `kallsyms`, or `elf FILE FUNCTIONS`. Prints JSON. */
import { readFileSync } from "node:fs";
import { ElfFile } from "../src/symbols/elf/elf-file";
import { type Kallsyms, loadKallsyms } from "../src/symbols/kallsyms";
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

async function measure(first: () => void | Promise<void>, all: () => void): Promise<SymbolsSample> {
  const before = bytesRead();
  const startedAt = performance.now();
  await first();
  const firstMs = performance.now() - startedAt;
  all();
  const allMs = performance.now() - startedAt;
  const peakMb = (statusKib(readFileSync("/proc/self/status", "utf8"), "VmHWM") ?? Number.NaN) / 1024;
  return { firstMs, allMs, readBytes: bytesRead() - before, peakMb };
}

function kallsyms(): Promise<SymbolsSample> {
  let symbols: Kallsyms | undefined;
  let address = 0n;
  return measure(
    async () => {
      symbols = await loadKallsyms();
      [address = 0n] = symbols.addressesOf("vfs_read");
      symbols.lookup(address);
    },
    () => {
      for (let i = 0; i < LOOKUPS; i++) symbols?.lookup(address + BigInt(i * 64));
    },
  );
}

async function elf(path: string, functions: number): Promise<SymbolsSample> {
  using file = ElfFile.open(path);
  const ask = (number: number) => {
    const found = file.functions?.find(0x1000 + number * FUNCTION_SIZE + 17);
    if (found?.name !== functionName(number)) throw new Error(`function ${number}: found ${found?.name}`);
  };
  // Addresses of a profile crowd in a part of the program.
  const spread = (i: number) => Math.floor((i * i * 31) % (functions / 4));
  // Awaited, or the file would be closed before it is asked.
  return await measure(
    () => ask(functions - 1),
    () => {
      for (let i = 0; i < LOOKUPS; i++) ask(spread(i));
    },
  );
}

async function main([what, path = "", functions = ""]: readonly string[]): Promise<void> {
  if (what === undefined) return;
  const sample = await (what === "kallsyms" ? kallsyms() : elf(path, Number(functions)));
  process.stdout.write(JSON.stringify(sample));
}

void main(process.argv.slice(2));
