/** What all default counters of the dashboard add to a system call. */
import { BpfkitError } from "../src/core/errors";
import type { Bench, Benchmark } from "./benchmark";
import type { Bound } from "./bound";
import { type Contender, measureInTurn } from "./rounds";
import type { Tracer } from "./running-tracer";
import { median, summarize } from "./statistics";
import { addedNs } from "./syscall-cost";
import { textTable } from "./text-table";
import { bpfkitScript } from "./this-build";
import { traceWorkload, undisturbed } from "./traced-workload";
import { emptyPrograms } from "./tracers";
import { runWorkload, type Times, WORKLOAD_BYTES } from "./workload";

const ROUNDS = 7;
const CALLS = 2 * WORKLOAD_BYTES;

/** Tracepoints that its counters hang on; one of them only x86-64 has. */
const PROGRAMS = process.arch === "x64" ? 12 : 11;

/** The reads and writes in a report. */
function counted(json: string): number {
  const { rows } = JSON.parse(json) as { rows: readonly { counter: string; total: number }[] };
  return rows
    .filter(({ counter }) => counter === "reads" || counter === "writes")
    .reduce((sum, { total }) => sum + total, 0);
}

const dashboard: Tracer = {
  name: "bpfkit dashboard",
  command: [process.execPath, bpfkitScript, "dashboard", "--once", "--json", "-q"],
  programs: PROGRAMS,
  counted,
};

async function run(bench: Bench): Promise<readonly Bound[]> {
  const floor = emptyPrograms("sys_exit");
  const traced = (tracer: Tracer): Contender<Times> => ({
    name: tracer.name,
    measure: async () => (await traceWorkload(tracer, WORKLOAD_BYTES, bench.residents)).times,
  });
  const bare: Contender<Times> = {
    name: "nothing",
    measure: () => undisturbed(() => runWorkload(WORKLOAD_BYTES), bench.residents),
  };
  const samples = await measureInTurn(
    [bare, traced(floor), traced(dashboard)],
    bench.rounds ?? ROUNDS,
    bench,
  );
  const without = samples.get(bare.name);
  if (without === undefined) throw new BpfkitError("dashboard-cost: the workload itself cannot be measured");
  const added = new Map([...samples].map(([name, taken]) => [name, addedNs(taken, without, "cpu", CALLS)]));
  const rows = [floor, dashboard].map(({ name }) => {
    const { median: middle, lower, upper } = summarize(added.get(name) ?? []);
    return [name, middle.toFixed(1), `${lower.toFixed(1)}–${upper.toFixed(1)}`];
  });
  bench.say(textTable(["attached", "CPU ns/call", "quartiles"], rows));
  bench.say("ns/call is what a call costs above the bare run of the same round, with all counters on.");
  const [ours, least] = [dashboard, floor].map(({ name }) => added.get(name));
  const measured = ours === undefined || least === undefined ? undefined : median(ours) / median(least);
  return [{ what: "dashboard, all counters / empty program", limit: 1.25, measured, unit: "×" }];
}

export const dashboardCost: Benchmark = {
  name: "dashboard-cost",
  summary: "what all counters of the dashboard add to a system call, against an empty program",
  run,
};
