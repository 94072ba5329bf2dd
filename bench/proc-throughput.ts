/** How much slower whole workloads become while proc-count runs, beside libbpf-tools: by the clock on the wall. */
import { spawnSync } from "node:child_process";
import { BpfkitError } from "../src/core/errors";
import type { Bench, Benchmark } from "./benchmark";
import type { Bound } from "./bound";
import { peer, peerName, procCount } from "./exec-tracers";
import { type Contender, measureInTurn } from "./rounds";
import { RunningTracer, type Tracer } from "./running-tracer";
import { median, summarize } from "./statistics";
import { textTable } from "./text-table";

const ROUNDS = 7;
const BARE = "nothing";

/** Runs a program and returns what it printed, on either stream; throws when it fails. */
function printedBy(file: string, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(file, args, { encoding: "utf8" });
  if (status !== 0) throw new BpfkitError(`workload: ${file}: ${error?.message ?? stderr.trim()}`);
  return stdout + stderr;
}

function numberIn(text: string, pattern: RegExp): number {
  const found = Number(pattern.exec(text)?.[1]);
  if (!(found > 0)) throw new BpfkitError(`workload: no result in "${text.trim().slice(-200)}"`);
  return found;
}

/** The seconds that `perf bench sched messaging` says it took: hackbench, in perf. */
export function secondsOfMessaging(printed: string): number {
  return numberIn(printed, /Total time:\s+([\d.]+)\s+\[sec\]/);
}

/** Operations per second of wall time, out of `stress-ng --metrics-brief`. */
export function rateOfSwitching(printed: string): number {
  // stressor, bogo ops, real time, user time, system time, bogo ops/s (real time), bogo ops/s (CPU time)
  return numberIn(printed, /\bswitch\s+\d+\s+[\d.]+\s+[\d.]+\s+[\d.]+\s+([\d.]+)/);
}

/** A load, and how long a fixed amount of it takes. */
interface Load {
  readonly what: string;
  /** What is measured: "µs/exec". */
  readonly unit: string;
  measure(): number;
}

const EXECS = 2000;

/** A shell that forks and executes one program after the other. */
const execs: Load = {
  what: `${EXECS} times fork, exec and exit of /bin/true by one shell`,
  unit: "µs/exec",
  measure() {
    const startedAt = performance.now();
    printedBy("sh", ["-c", `i=0; while [ $i -lt ${EXECS} ]; do /bin/true; i=$((i+1)); done`]);
    return ((performance.now() - startedAt) * 1000) / EXECS;
  },
};

function messaging(perf: string): Load {
  return {
    what: "perf bench sched messaging (hackbench): 400 processes, 600 messages each way",
    unit: "s",
    measure: () =>
      secondsOfMessaging(printedBy(perf, ["bench", "sched", "messaging", "-g", "10", "-l", "600"])),
  };
}

function switching(stress: string): Load {
  return {
    what: "stress-ng --switch 2, for 3 s",
    unit: "µs/switch",
    measure: () => 1e6 / rateOfSwitching(printedBy(stress, ["--switch", "2", "-t", "3s", "--metrics-brief"])),
  };
}

async function traced(tracer: Tracer, load: Load): Promise<number> {
  const running = await RunningTracer.start(tracer);
  try {
    const taken = load.measure();
    await running.stop();
    return taken;
  } finally {
    await running.kill();
  }
}

/** What a load took in each round, by tracer. */
type Samples = ReadonlyMap<string, readonly number[]>;

/** Measures a load without and with each tracer, in turn, and says the table. */
async function slowDown(load: Load, tracers: readonly Tracer[], bench: Bench): Promise<Samples> {
  const contenders: Contender<number>[] = [
    { name: BARE, measure: async () => load.measure() },
    ...tracers.map((tracer) => ({ name: tracer.name, measure: () => traced(tracer, load) })),
  ];
  const samples = await measureInTurn(contenders, bench.rounds ?? ROUNDS, bench);
  const rows = [...samples].map(([name, taken]) => {
    const { median: middle, lower, upper } = summarize(taken);
    const more = name === BARE ? "" : `${(100 * (median(ratios(samples, name)) - 1)).toFixed(1)} %`;
    return [name, middle.toFixed(3), `${lower.toFixed(3)}–${upper.toFixed(3)}`, more];
  });
  bench.say(`${load.what}\n\n${textTable(["attached", load.unit, "quartiles", "more"], rows)}`);
  return samples;
}

/** How many times as long as the bare run of the same round it took. */
function ratios(samples: Samples, name: string): number[] {
  const bare = samples.get(BARE) ?? [];
  return (samples.get(name) ?? []).flatMap((taken, round) => {
    const without = bare[round];
    return without === undefined ? [] : [taken / without];
  });
}

/** What it takes longer, in parts of the bare run; undefined where it was not measured. */
function addedBy(samples: Samples, name: string): number | undefined {
  const all = ratios(samples, name);
  return all.length === 0 ? undefined : median(all) - 1;
}

async function execTime(bench: Bench): Promise<readonly Bound[]> {
  const [counting, events, cost] = [procCount(1), procCount(1, "--events"), procCount(4, "--cost")];
  const tracers = [counting, events, cost, ...peer(bench, "execsnoop")];
  const samples = await slowDown(execs, tracers, bench);
  const theirs = addedBy(samples, peerName("execsnoop"));
  return [counting, events].map(({ name }): Bound => {
    const ours = addedBy(samples, name);
    // What cannot be told from noise is no measure.
    const measured = ours === undefined || theirs === undefined || theirs <= 0 ? undefined : ours / theirs;
    return { what: `${name}: time added to an exec / by execsnoop`, limit: 1, measured, unit: "×" };
  });
}

/** Percent of the bare run that --cost may add more than a peer. */
const MORE_PERCENT = 5;

async function switchTime(bench: Bench): Promise<readonly Bound[]> {
  const { perf, "stress-ng": stress } = bench.peers;
  const loads = [
    ...(perf === undefined ? [] : [messaging(perf)]),
    ...(stress === undefined ? [] : [switching(stress)]),
  ];
  const cost = procCount(4, "--cost");
  const bounds: Bound[] = [];
  for (const load of loads) {
    const samples = await slowDown(load, [cost, ...peer(bench, "cpudist"), ...peer(bench, "runqlat")], bench);
    const ours = addedBy(samples, cost.name);
    for (const name of ["cpudist", "runqlat"] as const) {
      const theirs = addedBy(samples, peerName(name));
      const measured = ours === undefined || theirs === undefined ? undefined : 100 * (ours - theirs);
      const [what] = load.what.split(":");
      bounds.push({ what: `--cost over ${name}: ${what}`, limit: MORE_PERCENT, measured, unit: "%" });
    }
  }
  return bounds;
}

export const execTimeBenchmark: Benchmark = {
  name: "exec-time",
  summary: "how much longer an execution takes, by the clock, against execsnoop",
  run: execTime,
};

export const switchTimeBenchmark: Benchmark = {
  name: "switch-time",
  summary: "how much longer hackbench and stress-ng take with --cost, against cpudist and runqlat",
  run: switchTime,
};
