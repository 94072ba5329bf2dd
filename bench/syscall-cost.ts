/** What each tracer adds to a system call. */
import { BpfkitError } from "../src/core/errors";
import type { Bench, Benchmark } from "./benchmark";
import type { Bound } from "./bound";
import { type Contender, measureInTurn } from "./rounds";
import type { Tracer } from "./running-tracer";
import { median, summarize } from "./statistics";
import { textTable } from "./text-table";
import { traceWorkload, undisturbed } from "./traced-workload";
import { bpftraceCount, emptyPrograms, syscallTop, syscount } from "./tracers";
import { runWorkload, type Times, WORKLOAD_BYTES } from "./workload";

const ROUNDS = 7;
const CALLS = 2 * WORKLOAD_BYTES;

/** Nanoseconds per call that a tracer added in each round, over the bare run of the same round. */
export function addedNs(
  traced: readonly Times[],
  bare: readonly Times[],
  clock: keyof Times,
  calls: number,
): number[] {
  return traced.map((times, round) => {
    const { [clock]: without } = bare[round] as Times;
    return ((times[clock] - without) * 1e9) / calls;
  });
}

function contender(tracer: Tracer, residents: readonly number[]): Contender<Times> {
  return {
    name: tracer.name,
    measure: async () => {
      const { times, runs } = await traceWorkload(tracer, WORKLOAD_BYTES, residents);
      if (runs.some((program) => program.runs > 0))
        throw new BpfkitError("somebody has switched on BPF statistics, which cost time");
      return times;
    },
  };
}

function tracersOf({ peers: { bpftrace, syscount: path } }: Bench) {
  return {
    floor: emptyPrograms("sys_enter"),
    count: syscallTop(1),
    syscount: path === undefined ? undefined : syscount(path),
    bpftrace: bpftrace === undefined ? undefined : bpftraceCount(bpftrace),
    floorOfBoth: emptyPrograms("sys_enter", "sys_exit"),
    latency: syscallTop(2, "--latency"),
    syscountLatency: path === undefined ? undefined : syscount(path, "-L"),
  };
}

async function run(bench: Bench): Promise<readonly Bound[]> {
  const tracers = tracersOf(bench);
  const bare: Contender<Times> = {
    name: "nothing",
    measure: () => undisturbed(() => runWorkload(WORKLOAD_BYTES), bench.residents),
  };
  const contenders = [
    bare,
    ...Object.values(tracers).flatMap((tracer) => (tracer ? [contender(tracer, bench.residents)] : [])),
  ];
  const samples = await measureInTurn(contenders, bench.rounds ?? ROUNDS, bench);
  const without = samples.get(bare.name);
  if (without === undefined) throw new BpfkitError("syscall-cost: the workload itself cannot be measured");

  const added = (clock: keyof Times) =>
    new Map([...samples].map(([name, taken]) => [name, addedNs(taken, without, clock, CALLS)]));
  const cpu = added("cpu");
  const wall = added("wall");
  bench.say(tableOf(samples, cpu, wall));
  bench.say(
    "ns/call is what a call costs above the bare run of the same round; quartiles of the CPU figure.",
  );
  return boundsOf(tracers, cpu, wall);
}

function tableOf(
  samples: ReadonlyMap<string, readonly Times[]>,
  cpu: ReadonlyMap<string, readonly number[]>,
  wall: ReadonlyMap<string, readonly number[]>,
): string {
  const rows = [...samples].map(([name, taken]) => {
    const seconds = [median(taken.map((t) => t.wall)), median(taken.map((t) => t.cpu))];
    const { median: added, lower, upper } = summarize(cpu.get(name) ?? []);
    const isBare = name === "nothing";
    return [
      name,
      ...seconds.map((value) => value.toFixed(3)),
      ...(isBare
        ? []
        : [
            added.toFixed(1),
            `${lower.toFixed(1)}–${upper.toFixed(1)}`,
            median(wall.get(name) ?? []).toFixed(1),
          ]),
    ];
  });
  return textTable(["attached", "wall s", "CPU s", "CPU ns/call", "quartiles", "wall ns/call"], rows);
}

function boundsOf(
  tracers: ReturnType<typeof tracersOf>,
  cpu: ReadonlyMap<string, readonly number[]>,
  wall: ReadonlyMap<string, readonly number[]>,
): Bound[] {
  const ratio = (added: ReadonlyMap<string, readonly number[]>, a: Tracer, b: Tracer | undefined) => {
    const [above, below] = [a, b].map((tracer) => added.get(tracer?.name ?? ""));
    return above === undefined || below === undefined ? undefined : median(above) / median(below);
  };
  const bound = (what: string, a: Tracer, b: Tracer | undefined, limit: number): Bound => {
    const byWall = ratio(wall, a, b);
    const beside = byWall === undefined ? "" : ` (wall: ${byWall.toFixed(2)})`;
    return { what: `${what}${beside}`, limit, measured: ratio(cpu, a, b), unit: "×" };
  };
  const { floor, count, latency } = tracers;
  return [
    bound("counting / empty program", count, floor, 1.1),
    bound("counting / syscount", count, tracers.syscount, 0.6),
    bound("counting / bpftrace", count, tracers.bpftrace, 0.4),
    bound("--latency / syscount -L", latency, tracers.syscountLatency, 0.6),
  ];
}

export const syscallCost: Benchmark = {
  name: "syscall-cost",
  summary: `what a system call costs more while it is traced: dd, ${CALLS / 1e6} million calls`,
  run,
};
