/** What sampling the stacks of a busy machine costs: stack-profile beside libbpf-tools' profile. */
import { availableParallelism } from "node:os";
import { readFacts } from "../src/bpf/facts";
import { Kernel } from "../src/bpf/kernel";
import { openLinux } from "../src/sys/linux";
import type { Bench, Benchmark } from "./benchmark";
import type { Bound } from "./bound";
import { cpuBound, timesOf } from "./cpu-bound";
import { cpuSecondsOf } from "./process-status";
import { type Contender, measureInTurn } from "./rounds";
import { RunningTracer, type Tracer } from "./running-tracer";
import { median, summarize } from "./statistics";
import { textTable } from "./text-table";
import { bpfkitScript } from "./this-build";

const ROUNDS = 15;
const HZ = 99;
const BARE = "nothing";
const PROCESSORS = availableParallelism();
const work = cpuBound(1);

/** stack-profile with these options; a program takes the samples, another one looks at what is executed. */
const stackProfile = (...options: readonly string[]): Tracer => ({
  name: ["bpfkit stack-profile", ...options].join(" "),
  command: [process.execPath, bpfkitScript, "stack-profile", "-q", "--freq", String(HZ), ...options],
  programs: 2,
});
const [unwinding, walking] = [stackProfile(), stackProfile("--unwind", "fp")];

const PROFILE = "libbpf-tools profile";

function peersOf({ peers: { "profile-libbpf": path } }: Bench): Tracer[] {
  return path === undefined ? [] : [{ name: PROFILE, command: [path, "-F", String(HZ)], programs: 1 }];
}

interface Sample {
  /** Processor time of the workload, in seconds. */
  readonly workload: number;
  /** Of all processors while it ran. */
  readonly machine: number;
  /** In the tool's programs while the workload ran, and how often they ran. */
  readonly programs: number;
  readonly runs: number;
  /** In the tool itself meanwhile. */
  readonly tool: number;
}

async function traced(tracer: Tracer): Promise<Sample> {
  const running = await RunningTracer.start(tracer);
  try {
    const [before, cpuBefore] = [running.runs(), cpuSecondsOf(running.pid)];
    const times = await timesOf(work);
    const [after, cpuAfter] = [running.runs(), cpuSecondsOf(running.pid)];
    await running.stop();
    const added = [...after].map(([id, { runs, timeNs }]) => ({
      runs: runs - (before.get(id)?.runs ?? 0),
      timeNs: timeNs - (before.get(id)?.timeNs ?? 0),
    }));
    return {
      workload: times.cpu,
      machine: times.wall * PROCESSORS,
      programs: added.reduce((sum, { timeNs }) => sum + timeNs, 0) / 1e9,
      runs: added.reduce((sum, { runs }) => sum + runs, 0),
      tool: cpuAfter - cpuBefore,
    };
  } finally {
    await running.kill();
  }
}

const bare = async (): Promise<Sample> => {
  const { cpu, wall } = await timesOf(work);
  return { workload: cpu, machine: wall * PROCESSORS, programs: 0, runs: 0, tool: 0 };
};

/** Percent of the machine's processor time. */
const programShare = ({ programs, machine }: Sample) => (100 * programs) / machine;
const toolShare = ({ tool, machine }: Sample) => (100 * tool) / machine;

async function run(bench: Bench): Promise<readonly Bound[]> {
  using _stats = new Kernel(openLinux(), readFacts()).enableStats();
  const tracers = [unwinding, walking, ...peersOf(bench)];
  const contenders: Contender<Sample>[] = [
    { name: BARE, measure: bare },
    ...tracers.map((tracer) => ({ name: tracer.name, measure: () => traced(tracer) })),
  ];
  const samples = await measureInTurn(contenders, bench.rounds ?? ROUNDS, bench);
  const middle = (name: string, figure: (sample: Sample) => number) => {
    const taken = samples.get(name) ?? [];
    return taken.length === 0 ? undefined : median(taken.map(figure));
  };
  const rows = [...samples].map(([name, taken]) => {
    const more = name === BARE ? undefined : summarize(moreThanBare(samples, name));
    return [
      name,
      median(taken.map(({ workload }) => workload)).toFixed(3),
      more === undefined ? "" : `${more.median.toFixed(2)} %`,
      more === undefined ? "" : `${more.lower.toFixed(2)}–${more.upper.toFixed(2)}`,
      name === BARE ? "" : median(taken.map(({ programs, runs }) => (1e6 * programs) / runs)).toFixed(2),
      name === BARE ? "" : `${median(taken.map(programShare)).toFixed(3)} %`,
      name === BARE ? "" : `${median(taken.map(toolShare)).toFixed(2)} %`,
    ];
  });
  const head = ["attached", "CPU s", "more", "quartiles", "µs/sample", "programs", "tool"];
  bench.say(textTable(head, rows));
  bench.say(
    `CPU s is what the workload takes on ${availableParallelism()} processors, and more what it takes above the bare run ` +
      "of the same round. The time in the programs, by BPF_ENABLE_STATS, is part of that; the tool's own is not.",
  );
  const theirs = middle(PROFILE, programShare);
  return [unwinding, walking].flatMap(({ name }): Bound[] => {
    const [more, ours] = [moreThanBare(samples, name), middle(name, programShare)];
    const measured = ours === undefined || theirs === undefined ? undefined : ours / theirs;
    return [
      {
        what: `${name}: time added to a busy machine's work`,
        limit: 0.5,
        measured: more.length === 0 ? undefined : median(more),
        unit: "%",
      },
      { what: `${name}: time in its programs`, limit: 0.5, measured: ours, unit: "%" },
      { what: `${name}: time in its programs / in those of profile`, limit: 1, measured, unit: "×" },
    ];
  });
}

/** Percent of the bare run of the same round that the workload takes more. */
function moreThanBare(samples: ReadonlyMap<string, readonly Sample[]>, name: string): number[] {
  const without = samples.get(BARE) ?? [];
  return (samples.get(name) ?? []).flatMap(({ workload }, round) => {
    const other = without[round];
    return other === undefined ? [] : [100 * (workload / other.workload - 1)];
  });
}

export const profileCost: Benchmark = {
  name: "profile-cost",
  summary: `what stack-profile at ${HZ} Hz costs a busy machine, against libbpf-tools profile`,
  run,
};
