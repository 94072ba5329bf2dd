/** What stacks without frame pointers cost: stack-profile --unwind dwarf beside perf record --call-graph dwarf. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Bench, Benchmark } from "./benchmark";
import type { Bound } from "./bound";
import { timedCpuBound, timesOf } from "./cpu-bound";
import { cpuSecondsOf } from "./process-status";
import { type Contender, measureInTurn } from "./rounds";
import { RunningTracer, type Tracer } from "./running-tracer";
import { mean, median, summarize } from "./statistics";
import { textTable } from "./text-table";
import { bpfkitScript } from "./this-build";
import { WatchedWork } from "./watched-work";
import { parseTimes } from "./workload";

const ROUNDS = 3;
const HZ = "999";
const BARE = "nothing";
const OURS = "bpfkit stack-profile --unwind dwarf";
const RECORD = "perf record --call-graph dwarf";

const WORK_SECONDS = 5;

const STEADY_ROUNDS = 15;
/** By then the programs know nearly all of the code, and V8 has compiled what is run often. */
const SETTLED_MS = 2500;
const STEADY_SECONDS = 5;

/** In seconds. */
interface Sample {
  /** From the work's beginning to its end, while the tool is at work too. */
  readonly work: number;
  /** Processor time of the whole run, the work's own and what the tool needs to begin and to end included. */
  readonly run: number;
  /** Processor time of what makes the result readable. */
  readonly readable: number;
}

type Command = readonly [string, ...string[]];

function stackProfile(folder: string, ...rest: readonly string[]): Command {
  const options = ["-q", "--freq", HZ, "--unwind", "dwarf", "-o", join(folder, "out.folded")];
  return [process.execPath, bpfkitScript, "stack-profile", ...options, ...rest];
}

function perfRecord(perf: string, folder: string, ...rest: readonly string[]): Command {
  const options = [
    "-q",
    "-e",
    "cpu-clock",
    "-F",
    HZ,
    "--call-graph",
    "dwarf",
    "-o",
    join(folder, "perf.data"),
  ];
  return [perf, "record", ...options, ...rest];
}

/** Percent, from some seconds after the start of a tool on. */
interface Steady {
  /** Of all processors: what interrupts take. */
  readonly interrupts: number;
  /** Of one processor: what the tool itself takes. */
  readonly tool: number;
}

async function steadily(work: WatchedWork, tracer: Tracer | undefined): Promise<Steady> {
  const running = tracer && (await RunningTracer.start(tracer));
  try {
    await sleep(SETTLED_MS);
    const cpuSeconds = () => (running === undefined ? 0 : cpuSecondsOf(running.pid));
    const [startedAt, from, cpu] = [performance.now(), work.shares.length, cpuSeconds()];
    await sleep(1000 * STEADY_SECONDS);
    const seconds = (performance.now() - startedAt) / 1000;
    const seen = {
      interrupts: median(work.shares.slice(from)),
      tool: (100 * (cpuSeconds() - cpu)) / seconds,
    };
    await running?.stop();
    return seen;
  } finally {
    await running?.kill();
  }
}

/** What it costs to go on sampling. The ratio of what the one takes to what the other takes. */
async function steady(bench: Bench, folder: string): Promise<number | undefined> {
  const { perf, perl } = bench.peers;
  if (perl === undefined) return undefined;
  const tracers: (Tracer | undefined)[] = [
    undefined,
    { name: OURS, command: stackProfile(folder), programs: 2 },
    ...(perf === undefined ? [] : [{ name: RECORD, command: perfRecord(perf, folder, "-a"), programs: 0 }]),
  ];
  const work = new WatchedWork(perl);
  try {
    const contenders = tracers.map((tracer) => ({
      name: tracer?.name ?? BARE,
      measure: () => steadily(work, tracer),
    }));
    const samples = await measureInTurn(contenders, bench.rounds ?? STEADY_ROUNDS, bench);
    const without = samples.get(BARE) ?? [];
    /** Percent of all processors, round by round. */
    const taken = (name: string) =>
      (samples.get(name) ?? []).flatMap(({ interrupts, tool }, round) => {
        const other = without[round];
        return other === undefined ? [] : [interrupts - other.interrupts + tool / availableParallelism()];
      });
    const rows = [...samples].map(([name, seen]) => {
      const [interrupts, tool] = [
        median(seen.map((each) => each.interrupts)),
        mean(seen.map((each) => each.tool)),
      ];
      if (name === BARE) return [name, interrupts.toFixed(2)];
      const { median: middle, lower, upper } = summarize(taken(name));
      const range = `${lower.toFixed(2)}–${upper.toFixed(2)}`;
      return [name, interrupts.toFixed(2), tool.toFixed(2), middle.toFixed(2), range];
    });
    bench.say(textTable([`at ${HZ} Hz`, "% in interrupts", "% in the tool", "% taken", "quartiles"], rows));
    bench.say(
      `From ${SETTLED_MS / 1000} s after the start of the tool on, for ${STEADY_SECONDS} s each time. % in interrupts is what ` +
        "work that keeps all processors busy sees itself; % in the tool is of one processor. % taken is of all processors: " +
        "more in interrupts than without a tool, and the tool itself.",
    );
    return perf === undefined ? undefined : median(taken(OURS)) / median(taken(RECORD));
  } finally {
    work.end();
  }
}

function contendersOf(perf: string | undefined, folder: string): Contender<Sample>[] {
  const times = join(folder, "times");
  const work = timedCpuBound(WORK_SECONDS, times);
  const run = async (...command: readonly string[]): Promise<Sample> => {
    const { cpu } = await timesOf(command);
    return { work: parseTimes(readFileSync(times, "utf8")).wall, run: cpu, readable: 0 };
  };
  const contenders = [
    { name: BARE, measure: () => run(...work) },
    { name: OURS, measure: () => run(...stackProfile(folder, "--", ...work)) },
  ];
  if (perf === undefined) return contenders;
  const measure = async () => ({
    ...(await run(...perfRecord(perf, folder, "--", ...work))),
    readable: (await timesOf([perf, "script", "-i", join(folder, "perf.data")])).cpu,
  });
  return [...contenders, { name: RECORD, measure }];
}

async function run(bench: Bench): Promise<readonly Bound[]> {
  const folder = mkdtempSync(join(tmpdir(), "bpfkit-bench-"));
  try {
    const samples = await measureInTurn(
      contendersOf(bench.peers.perf, folder),
      bench.rounds ?? ROUNDS,
      bench,
    );
    const without = samples.get(BARE) ?? [];
    const added = (name: string) =>
      (samples.get(name) ?? []).flatMap(({ work }, round) => {
        const other = without[round];
        return other === undefined ? [] : [work - other.work];
      });
    const rows = [...samples].map(([name, taken]) => {
      const middle = (of: (sample: Sample) => number) => median(taken.map(of)).toFixed(2);
      const [work, run] = [middle((each) => each.work), middle((each) => each.run)];
      if (name === BARE) return [name, work, "", "", run];
      const { lower, upper } = summarize(added(name));
      const more = median(added(name)).toFixed(2);
      const range = `${lower.toFixed(2)}–${upper.toFixed(2)}`;
      return [name, work, more, range, run, middle((each) => each.readable)];
    });
    bench.say(textTable([`at ${HZ} Hz`, "work s", "more", "quartiles", "CPU s", "perf script"], rows));
    bench.say(
      "work s is how long work that keeps all processors busy takes under the tool. CPU s is all processor time from the " +
        "start of the tool to its end: stack-profile has read symbols and written folded stacks by then; perf has not " +
        "yet looked at what it recorded, which is what perf script does.",
    );
    const measured = await steady(bench, folder);
    return [{ what: `taken by ${OURS} / by ${RECORD}`, limit: 1, measured, unit: "×" }];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export const unwindCost: Benchmark = {
  name: "unwind-cost",
  summary: "what stacks without frame pointers cost at 999 Hz, against perf record --call-graph dwarf",
  run,
};
