/** What stacks without frame pointers cost: stack-profile --unwind dwarf beside perf record --call-graph dwarf. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Bench, Benchmark } from "./benchmark";
import type { Bound } from "./bound";
import { EndlessWork, timedCpuBound, timesOf } from "./cpu-bound";
import { cpuSecondsOf } from "./process-status";
import { type Contender, measureInTurn } from "./rounds";
import { RunningTracer, type Tracer } from "./running-tracer";
import { median, summarize } from "./statistics";
import { textTable } from "./text-table";
import { bpfkitScript } from "./this-build";
import { parseTimes } from "./workload";

const ROUNDS = 3;
const HZ = "999";
const BARE = "nothing";
const OURS = "bpfkit stack-profile --unwind dwarf";
const RECORD = "perf record --call-graph dwarf";

const WORK_SECONDS = 5;

const STEADY_ROUNDS = 9;
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

/** What is seen from some seconds after the start of a tool on. */
interface Steady {
  /** Steps of the work a second. */
  readonly rate: number;
  /** Percent of one processor that the tool itself takes. */
  readonly share: number;
}

async function steadily(work: EndlessWork, tracer: Tracer | undefined): Promise<Steady> {
  const running = tracer && (await RunningTracer.start(tracer));
  try {
    await sleep(SETTLED_MS);
    const cpuSeconds = () => (running === undefined ? 0 : cpuSecondsOf(running.pid));
    const [startedAt, steps, cpu] = [performance.now(), work.steps, cpuSeconds()];
    await sleep(1000 * STEADY_SECONDS);
    const seconds = (performance.now() - startedAt) / 1000;
    const seen = { rate: (work.steps - steps) / seconds, share: (100 * (cpuSeconds() - cpu)) / seconds };
    await running?.stop();
    return seen;
  } finally {
    await running?.kill();
  }
}

/** What it costs to go on sampling. The ratio of the work that is done under the one and under the other. */
async function steady(bench: Bench, folder: string): Promise<number | undefined> {
  const { perf } = bench.peers;
  const tracers: (Tracer | undefined)[] = [
    undefined,
    { name: OURS, command: stackProfile(folder), programs: 2 },
    ...(perf === undefined ? [] : [{ name: RECORD, command: perfRecord(perf, folder, "-a"), programs: 0 }]),
  ];
  const work = new EndlessWork();
  try {
    const contenders = tracers.map((tracer) => ({
      name: tracer?.name ?? BARE,
      measure: () => steadily(work, tracer),
    }));
    const samples = await measureInTurn(contenders, bench.rounds ?? STEADY_ROUNDS, bench);
    const slower = (name: string, than: string) =>
      ratiosOf(samples, than, name).map((ratio) => 100 * (1 - 1 / ratio));
    const rows = [...samples].map(([name, seen]) => {
      const share = median(seen.map((each) => each.share)).toFixed(1);
      const { median: middle, lower, upper } = summarize(slower(name, BARE));
      return name === BARE
        ? [name]
        : [name, middle.toFixed(1), `${lower.toFixed(1)}–${upper.toFixed(1)}`, share];
    });
    bench.say(textTable([`at ${HZ} Hz`, "% slower", "quartiles", "% in the tool"], rows));
    bench.say(
      `From ${SETTLED_MS / 1000} s after the start of the tool on: how much slower work gets that keeps all processors busy, ` +
        "and what the tool itself takes of one of them.",
    );
    const ratios = ratiosOf(samples, RECORD, OURS);
    return ratios.length === 0 ? undefined : median(ratios);
  } finally {
    work.end();
  }
}

/** Round by round, the rate under the one by that under the other. */
function ratiosOf(samples: ReadonlyMap<string, readonly Steady[]>, one: string, other: string): number[] {
  const others = samples.get(other) ?? [];
  return (samples.get(one) ?? []).flatMap(({ rate }, round) => {
    const beside = others[round];
    return beside === undefined ? [] : [rate / beside.rate];
  });
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
    return [{ what: `work done under ${RECORD} / under ${OURS}`, limit: 1, measured, unit: "×" }];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export const unwindCost: Benchmark = {
  name: "unwind-cost",
  summary: "what stacks without frame pointers cost at 999 Hz, against perf record --call-graph dwarf",
  run,
};
