/**
 * How much slower whole workloads become while proc-count runs, beside libbpf-tools: by the clock on the wall, and by
 * the processor time they take, which others on the machine disturb less. Programs of a tracer run in the workload's
 * own time, so both have them.
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
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

/** Operations in all, and per second of wall time, out of `stress-ng --metrics-brief`. */
export function switchesOf(printed: string): { readonly count: number; readonly perSecond: number } {
  // stressor, bogo ops, real time, user time, system time, bogo ops/s (real time), bogo ops/s (CPU time)
  const perSecond = numberIn(printed, /\bswitch\s+\d+\s+[\d.]+\s+[\d.]+\s+[\d.]+\s+([\d.]+)/);
  return { count: numberIn(printed, /\bswitch\s+(\d+)\s/), perSecond };
}

/** Clock ticks of /proc are hundredths of a second on all machines of today. */
const TICK_US = 10_000;

/** Processor time in µs of all children that have been waited for, out of /proc/PID/stat. */
export function childrenCpuUs(stat: string): number {
  // From the third field on: proc_pid_stat(5).
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[13]) + Number(fields[14])) * TICK_US;
}

const cpuUsNow = () => childrenCpuUs(readFileSync("/proc/self/stat", "utf8"));

/** What one unit of a load takes, in µs. */
interface Taken {
  readonly wall: number;
  readonly cpu: number;
}
type Time = keyof Taken;
const times = ["wall", "cpu"] as const satisfies readonly Time[];

/** A load, and what a fixed amount of it takes. */
interface Load {
  readonly what: string;
  /** What is measured: "exec". */
  readonly unit: string;
  measure(): Taken;
}

const EXECS = 2000;

/** A shell that forks and executes one program after the other. */
const execs: Load = {
  what: `${EXECS} times fork, exec and exit of /bin/true by one shell`,
  unit: "exec",
  measure() {
    const [startedAt, cpuAt] = [performance.now(), cpuUsNow()];
    printedBy("sh", ["-c", `i=0; while [ $i -lt ${EXECS} ]; do /bin/true; i=$((i+1)); done`]);
    return { wall: ((performance.now() - startedAt) * 1000) / EXECS, cpu: (cpuUsNow() - cpuAt) / EXECS };
  },
};

/**
 * Messages that each sender has for each receiver. With the usual ten groups on few processors a run differs from the
 * next by a third, whoever traces; two groups for a longer time do not.
 */
const MESSAGES = 500;

function messaging(perf: string): Load {
  return {
    what: `perf bench sched messaging (hackbench): 80 processes, ${MESSAGES} messages from each of 20 to each of 20, twice`,
    unit: "round",
    measure() {
      const cpuAt = cpuUsNow();
      const args = ["bench", "sched", "messaging", "-g", "2", "-l", String(MESSAGES)];
      const seconds = secondsOfMessaging(printedBy(perf, args));
      return { wall: (seconds * 1e6) / MESSAGES, cpu: (cpuUsNow() - cpuAt) / MESSAGES };
    },
  };
}

function switching(stress: string): Load {
  return {
    what: "stress-ng --switch 2: for 2 s",
    unit: "switch",
    measure() {
      const cpuAt = cpuUsNow();
      const printed = printedBy(stress, ["--switch", "2", "-t", "2s", "--metrics-brief"]);
      const { count, perSecond } = switchesOf(printed);
      return { wall: 1e6 / perSecond, cpu: (cpuUsNow() - cpuAt) / count };
    },
  };
}

async function traced(tracer: Tracer, load: Load): Promise<Taken> {
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
type Samples = ReadonlyMap<string, readonly Taken[]>;

/** Measures a load without and with each tracer, in turn, and says the table. */
async function slowDown(load: Load, tracers: readonly Tracer[], bench: Bench): Promise<Samples> {
  const contenders: Contender<Taken>[] = [
    { name: BARE, measure: async () => load.measure() },
    ...tracers.map((tracer) => ({ name: tracer.name, measure: () => traced(tracer, load) })),
  ];
  const samples = await measureInTurn(contenders, bench.rounds ?? ROUNDS, bench);
  const rows = [...samples].map(([name, taken]) => [
    name,
    ...times.flatMap((time) => {
      const { median: middle, lower, upper } = summarize(taken.map((one) => one[time]));
      const more =
        name === BARE ? "" : `${(100 * (addedBy(samples, name, time) ?? Number.NaN)).toFixed(1)} %`;
      return [middle.toFixed(2), `${lower.toFixed(2)}–${upper.toFixed(2)}`, more];
    }),
  ]);
  const { unit } = load;
  const titles = ["attached", `µs/${unit}`, "quartiles", "more", "CPU µs", "quartiles", "more"];
  bench.say(`${load.what}\n\n${textTable(titles, rows)}`);
  return samples;
}

/** How many times as long as another run of the same round it took. */
function ratios(samples: Samples, name: string, time: Time, than = BARE): number[] {
  const others = samples.get(than) ?? [];
  return (samples.get(name) ?? []).flatMap((taken, round) => {
    const other = others[round];
    return other === undefined ? [] : [taken[time] / other[time]];
  });
}

/** What it takes longer, in parts of the bare run; undefined where it was not measured. */
function addedBy(samples: Samples, name: string, time: Time): number | undefined {
  const all = ratios(samples, name, time);
  return all.length === 0 ? undefined : median(all) - 1;
}

const TIME_NAMES: Readonly<Record<Time, string>> = { wall: "by the clock", cpu: "by processor time" };

async function execTime(bench: Bench): Promise<readonly Bound[]> {
  const [counting, events, cost] = [procCount(1), procCount(1, "--events"), procCount(4, "--cost")];
  const tracers = [counting, events, cost, ...peer(bench, "execsnoop")];
  const samples = await slowDown(execs, tracers, bench);
  return times.flatMap((time) =>
    [counting, events].map(({ name }): Bound => {
      // Whole executions, since what is added to one may be less than how much they differ.
      const all = ratios(samples, name, time, peerName("execsnoop"));
      const what = `an exec under ${name} / under execsnoop, ${TIME_NAMES[time]}`;
      return { what, limit: 1, measured: all.length === 0 ? undefined : median(all), unit: "×" };
    }),
  );
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
    const [short] = load.what.split(":");
    for (const time of times)
      for (const name of ["cpudist", "runqlat"] as const) {
        const [ours, theirs] = [cost.name, peerName(name)].map((one) => addedBy(samples, one, time));
        const measured = ours === undefined || theirs === undefined ? undefined : 100 * (ours - theirs);
        const what = `--cost over ${name}, ${TIME_NAMES[time]}: ${short}`;
        bounds.push({ what, limit: MORE_PERCENT, measured, unit: "%" });
      }
  }
  return bounds;
}

export const execTimeBenchmark: Benchmark = {
  name: "exec-time",
  summary: "how much longer an execution takes, against execsnoop",
  run: execTime,
};

export const switchTimeBenchmark: Benchmark = {
  name: "switch-time",
  summary: "how much longer hackbench and stress-ng take with --cost, against cpudist and runqlat",
  run: switchTime,
};
