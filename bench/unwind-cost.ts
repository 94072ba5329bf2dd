/** What stacks without frame pointers cost: stack-profile --unwind dwarf beside perf record --call-graph dwarf. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Bench, Benchmark } from "./benchmark";
import type { Bound } from "./bound";
import { timedCpuBound, timesOf } from "./cpu-bound";
import { type Contender, measureInTurn } from "./rounds";
import type { Tracer } from "./running-tracer";
import { median, summarize } from "./statistics";
import { steadyCosts } from "./steady-cost";
import { textTable } from "./text-table";
import { bpfkitScript } from "./this-build";
import { parseTimes } from "./workload";

const ROUNDS = 3;
const HZ = "999";
const BARE = "nothing";
const OURS = "bpfkit stack-profile --unwind dwarf";
const RECORD = "perf record --call-graph dwarf";

const WORK_SECONDS = 5;

const STEADY_ROUNDS = 15;

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

/** What it costs to go on sampling. The ratio of what the one takes to what the other takes. */
async function steady(bench: Bench, folder: string): Promise<number | undefined> {
  const { perf } = bench.peers;
  const tracers: Tracer[] = [
    { name: OURS, command: stackProfile(folder), programs: 2 },
    ...(perf === undefined ? [] : [{ name: RECORD, command: perfRecord(perf, folder, "-a"), programs: 0 }]),
  ];
  const costs = await steadyCosts(bench, `at ${HZ} Hz`, tracers, STEADY_ROUNDS);
  const [ours, theirs] = [costs.get(OURS), costs.get(RECORD)];
  return ours === undefined || theirs === undefined ? undefined : ours / theirs;
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
