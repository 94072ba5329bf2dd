/** How long it takes until addresses have names. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Bench, Benchmark } from "./benchmark";
import { writeBigElf } from "./big-elf";
import type { Bound } from "./bound";
import { type Contender, measureInTurn } from "./rounds";
import { median } from "./statistics";
import type { SymbolsSample } from "./symbols-run";
import { textTable } from "./text-table";
import { benchScript } from "./this-build";

const ROUNDS = 7;
const FUNCTIONS = 2_000_000;
const KERNEL = "the kernel's symbols";
const PROGRAM = "a program's 2,000,000 functions";

function inChild(...args: readonly string[]): SymbolsSample {
  const output = execFileSync(process.execPath, [benchScript("symbols-run"), ...args], { encoding: "utf8" });
  return JSON.parse(output) as SymbolsSample;
}

async function run(bench: Bench): Promise<readonly Bound[]> {
  const folder = mkdtempSync(join(tmpdir(), "bpfkit-bench-"));
  try {
    const { path, size } = writeBigElf(join(folder, "big"), FUNCTIONS);
    const contenders: readonly Contender<SymbolsSample>[] = [
      { name: KERNEL, measure: async () => inChild("kallsyms") },
      { name: PROGRAM, measure: async () => inChild("elf", path, String(FUNCTIONS)) },
    ];
    const samples = await measureInTurn(contenders, bench.rounds ?? ROUNDS, bench);
    const of = (name: string, figure: (sample: SymbolsSample) => number) =>
      median((samples.get(name) ?? []).map(figure).concat(samples.has(name) ? [] : [Number.NaN]));
    const rows = [KERNEL, PROGRAM].map((name) => [
      name,
      of(name, ({ firstMs }) => firstMs).toFixed(0),
      of(name, ({ allMs }) => allMs).toFixed(0),
      (of(name, ({ readBytes }) => readBytes) / 1e6).toFixed(0),
      of(name, ({ peakMb }) => peakMb).toFixed(0),
    ]);
    bench.say(textTable(["names of", "first, ms", "50,000, ms", "read, MB", "peak, MiB"], rows));
    bench.say(`The program's file has ${(size / 1e6).toFixed(0)} MB.`);
    const share = of(PROGRAM, ({ readBytes }) => readBytes) / size;
    return [
      {
        what: "the kernel's symbols, first name",
        limit: 100,
        measured: of(KERNEL, ({ firstMs }) => firstMs),
        unit: "ms",
      },
      { what: "bytes read / bytes of the large program", limit: 0.5, measured: share, unit: "×" },
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export const symbols: Benchmark = {
  name: "symbols",
  summary: "how soon addresses of the kernel and of a large program have names",
  run,
};
