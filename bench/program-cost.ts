/** What the programs themselves take, as the kernel's own statistics have it. */
import { readFacts } from "../src/bpf/facts";
import { Kernel } from "../src/bpf/kernel";
import { openLinux } from "../src/sys/linux";
import type { ProgramRuns } from "./attached-programs";
import type { Bench, Benchmark } from "./benchmark";
import type { Bound } from "./bound";
import { type Contender, measureInTurn } from "./rounds";
import type { Tracer } from "./running-tracer";
import { summarize } from "./statistics";
import { textTable } from "./text-table";
import { traceWorkload } from "./traced-workload";
import { bpftraceCount, emptyPrograms, syscallTop, syscount } from "./tracers";

const ROUNDS = 5;
const BYTES = 500_000;

function tracersOf({ peers: { bpftrace, syscount: path } }: Bench): Tracer[] {
  return [
    emptyPrograms("sys_enter"),
    syscallTop(1),
    syscallTop(1, "--map", "hash"),
    syscallTop(2, "--by", "process"),
    syscallTop(2, "--by", "process", "--map", "percpu"),
    syscallTop(2, "--by", "process,syscall"),
    ...(path === undefined ? [] : [syscount(path)]),
    ...(bpftrace === undefined ? [] : [bpftraceCount(bpftrace)]),
    emptyPrograms("sys_enter", "sys_exit"),
    syscallTop(2, "--errors"),
    syscallTop(2, "--latency"),
    syscallTop(3, "--latency", "--by", "process,syscall"),
    ...(path === undefined ? [] : [syscount(path, "-L")]),
  ];
}

/** Nanoseconds that one system call costs in all programs that run for it. */
export function nsPerCall(programs: readonly ProgramRuns[], calls: number): number {
  return programs
    .filter(({ runs }) => runs >= calls)
    .reduce((sum, { runs, timeNs }) => sum + timeNs / runs, 0);
}

/** How many programs ran for each call; others run for rarer events. */
function programsPerCall(programs: readonly ProgramRuns[], calls: number): number {
  return programs.filter(({ runs }) => runs >= calls).length;
}

interface Sample {
  readonly ns: number;
  readonly programs: number;
}

async function run(bench: Bench): Promise<readonly Bound[]> {
  using _stats = new Kernel(openLinux(), readFacts()).enableStats();
  const contenders = tracersOf(bench).map(
    (tracer): Contender<Sample> => ({
      name: tracer.name,
      measure: async () => {
        const { runs } = await traceWorkload(tracer, BYTES, bench.residents);
        return { ns: nsPerCall(runs, 2 * BYTES), programs: programsPerCall(runs, 2 * BYTES) };
      },
    }),
  );
  const samples = await measureInTurn(contenders, bench.rounds ?? ROUNDS, bench);
  // An empty program's time is what the statistics themselves take.
  const empty = new Map(
    [1, 2].map((programs) => {
      const hooks = ["sys_enter", "sys_exit"].slice(0, programs);
      const taken = samples.get(emptyPrograms(...hooks).name) ?? [];
      return [programs, taken.length === 0 ? Number.NaN : summarize(taken.map(({ ns }) => ns)).median];
    }),
  );
  const rows = [...samples].map(([name, taken]) => {
    const { median, lower, upper } = summarize(taken.map(({ ns }) => ns));
    const programs = taken[0]?.programs ?? 0;
    const above = median - (empty.get(programs) ?? Number.NaN);
    return [
      name,
      String(programs),
      median.toFixed(1),
      `${lower.toFixed(1)}–${upper.toFixed(1)}`,
      above.toFixed(1),
    ];
  });
  bench.say(textTable(["programs of", "per call", "ns/call", "quartiles", "above empty"], rows));
  bench.say(
    "Time inside the programs, by BPF_ENABLE_STATS; what the kernel takes to call them is not in it.",
  );
  return [];
}

export const programCost: Benchmark = {
  name: "program-cost",
  summary: "what the programs themselves take, by the kernel's statistics",
  run,
};
