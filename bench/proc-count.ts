/** What counting executions and billing processes costs the traced machine, beside libbpf-tools. */
import { spawnSync } from "node:child_process";
import { readFacts } from "../src/bpf/facts";
import { Kernel } from "../src/bpf/kernel";
import { BpfkitError } from "../src/core/errors";
import { openLinux } from "../src/sys/linux";
import type { ProgramRuns } from "./attached-programs";
import type { Bench, Benchmark } from "./benchmark";
import type { Bound } from "./bound";
import { peer, procCount } from "./exec-tracers";
import { type Contender, measureInTurn } from "./rounds";
import { RunningTracer, type Tracer } from "./running-tracer";
import { summarize } from "./statistics";
import { textTable } from "./text-table";

const ROUNDS = 5;
const EXECS = 1000;
const SWITCHES = 100_000;

/** Runs a shell's script; throws when it fails. */
function shell(script: string): void {
  const { status, stderr } = spawnSync("sh", ["-c", script], { stdio: ["ignore", "ignore", "pipe"] });
  if (status !== 0) throw new BpfkitError(`workload: ${stderr.toString().trim()}`);
}

const executions = () => shell(`i=0; while [ $i -lt ${EXECS} ]; do /bin/true; i=$((i+1)); done`);
const switches = () => shell(`perf bench sched pipe -l ${SWITCHES / 2}`);

/** Nanoseconds in all programs of a tracer while the workload runs, by what is known to happen in it. */
async function nsPer(tracer: Tracer, work: () => void, events: number): Promise<number> {
  const running = await RunningTracer.start(tracer);
  try {
    const before = running.runs();
    work();
    const after = running.runs();
    await running.stop();
    const taken = [...after].map(
      ([id, { timeNs }]: [number, ProgramRuns]) => timeNs - (before.get(id)?.timeNs ?? 0),
    );
    return taken.reduce((sum, ns) => sum + ns, 0) / events;
  } finally {
    await running.kill();
  }
}

async function compare(
  tracers: readonly Tracer[],
  work: () => void,
  events: number,
  what: string,
  bench: Bench,
): Promise<Map<string, number>> {
  using _stats = new Kernel(openLinux(), readFacts()).enableStats();
  const contenders = tracers.map(
    (tracer): Contender<number> => ({ name: tracer.name, measure: () => nsPer(tracer, work, events) }),
  );
  const samples = await measureInTurn(contenders, bench.rounds ?? ROUNDS, bench);
  const medians = new Map([...samples].map(([name, taken]) => [name, summarize(taken).median]));
  const rows = [...samples].map(([name, taken]) => {
    const { median, lower, upper } = summarize(taken);
    return [name, median.toFixed(0), `${lower.toFixed(0)}–${upper.toFixed(0)}`];
  });
  bench.say(textTable(["programs of", `ns/${what}`, "quartiles"], rows));
  return medians;
}

function ratio(
  what: string,
  medians: Map<string, number>,
  ours: Tracer,
  theirs: string,
  limit: number,
): Bound {
  const [own, other] = [medians.get(ours.name), medians.get(`libbpf-tools ${theirs}`)];
  const measured = own === undefined || other === undefined ? undefined : own / other;
  return { what, limit, measured, unit: "×" };
}

async function execCost(bench: Bench): Promise<readonly Bound[]> {
  const [counting, events, cost] = [procCount(1), procCount(1, "--events"), procCount(4, "--cost")];
  const medians = await compare(
    [counting, events, cost, ...peer(bench, "execsnoop")],
    executions,
    EXECS,
    "exec",
    bench,
  );
  bench.say("An execution here is a fork, an exec and an exit of /bin/true; time inside the programs.");
  return [
    ratio("proc-count, per exec, against execsnoop", medians, counting, "execsnoop", 1),
    ratio("proc-count --events, per exec, against execsnoop", medians, events, "execsnoop", 1),
  ];
}

async function switchCost(bench: Bench): Promise<readonly Bound[]> {
  const cost = procCount(4, "--cost");
  const medians = await compare(
    [cost, ...peer(bench, "cpudist"), ...peer(bench, "runqlat")],
    switches,
    SWITCHES,
    "switch",
    bench,
  );
  return [
    ratio("proc-count --cost, per switch, against cpudist", medians, cost, "cpudist", 1),
    ratio("proc-count --cost, per switch, against runqlat", medians, cost, "runqlat", 1),
  ];
}

export const execBenchmark: Benchmark = {
  name: "exec-cost",
  summary: "what proc-count adds to an execution, against execsnoop",
  run: execCost,
};

export const switchBenchmark: Benchmark = {
  name: "switch-cost",
  summary: "what proc-count --cost adds to a context switch, against cpudist and runqlat",
  run: switchCost,
};
