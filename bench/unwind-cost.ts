/** What stacks without frame pointers cost: stack-profile --unwind dwarf beside perf record --call-graph dwarf. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Bench, Benchmark } from "./benchmark";
import type { Bound } from "./bound";
import { cpuBound, timedCpuBound, timesOf } from "./cpu-bound";
import { cpuSecondsOf } from "./process-status";
import { type Contender, measureInTurn } from "./rounds";
import { RunningTracer, type Tracer } from "./running-tracer";
import { median, summarize } from "./statistics";
import { textTable } from "./text-table";
import { bpfkitScript } from "./this-build";
import { parseTimes } from "./workload";

const ROUNDS = 7;
const HZ = "999";
const BARE = "nothing";
const OURS = "bpfkit stack-profile --unwind dwarf";
const RECORD = "perf record --call-graph dwarf";

const WORK_SECONDS = 5;

const STEADY_ROUNDS = 3;
/** By then V8 has compiled what is run often. */
const SETTLED_MS = 3000;
const STEADY_SECONDS = 8;

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

/** Percent of one processor that a tool takes while it samples all of them at work. */
async function shareOf(tracer: Tracer): Promise<number> {
  const work = timesOf(cpuBound(STEADY_SECONDS + (2 * SETTLED_MS) / 1000));
  const running = await RunningTracer.start(tracer);
  try {
    await sleep(SETTLED_MS);
    const [before, startedAt] = [cpuSecondsOf(running.pid), performance.now()];
    await sleep(1000 * STEADY_SECONDS);
    const share = (1e5 * (cpuSecondsOf(running.pid) - before)) / (performance.now() - startedAt);
    await running.stop();
    return share;
  } finally {
    await running.kill();
    await work;
  }
}

/** What the tools themselves take, of which less is seen in how long work takes than that differs from run to run. */
async function steady(bench: Bench, folder: string): Promise<void> {
  const { perf } = bench.peers;
  const tracers: Tracer[] = [
    { name: OURS, command: stackProfile(folder), programs: 2 },
    ...(perf === undefined ? [] : [{ name: RECORD, command: perfRecord(perf, folder, "-a"), programs: 0 }]),
  ];
  const contenders = tracers.map((tracer) => ({ name: tracer.name, measure: () => shareOf(tracer) }));
  const samples = await measureInTurn(contenders, STEADY_ROUNDS, bench);
  const rows = [...samples].map(([name, shares]) => {
    const { median: middle, lower, upper } = summarize(shares);
    return [name, middle.toFixed(1), `${lower.toFixed(1)}–${upper.toFixed(1)}`];
  });
  bench.say(textTable([`at ${HZ} Hz`, "% in the tool", "quartiles"], rows));
  bench.say(
    `Percent of one processor, from ${SETTLED_MS / 1000} s after the start on, while all of them are busy.`,
  );
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
    await steady(bench, folder);
    // Whole runs, since what is added to one may be less than how much they differ.
    const theirs = samples.get(RECORD) ?? [];
    const ratios = (samples.get(OURS) ?? []).flatMap(({ work }, round) => {
      const other = theirs[round];
      return other === undefined ? [] : [work / other.work];
    });
    const measured = ratios.length === 0 ? undefined : median(ratios);
    return [{ what: `work under ${OURS} / under ${RECORD}`, limit: 1, measured, unit: "×" }];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export const unwindCost: Benchmark = {
  name: "unwind-cost",
  summary: "what stacks without frame pointers cost at 999 Hz, against perf record --call-graph dwarf",
  run,
};
