/** What stacks without frame pointers cost: stack-profile --unwind dwarf beside perf record --call-graph dwarf. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Bench, Benchmark } from "./benchmark";
import type { Bound } from "./bound";
import { cpuBound, timesOf } from "./cpu-bound";
import { type Contender, measureInTurn } from "./rounds";
import { median, summarize } from "./statistics";
import { textTable } from "./text-table";
import { bpfkitScript } from "./this-build";

const ROUNDS = 7;
const HZ = "999";
const BARE = "nothing";
const OURS = "bpfkit stack-profile --unwind dwarf";
const RECORD = "perf record --call-graph dwarf";

/** Long enough for what starting costs not to count for all. */
const work = cpuBound(5);

/** Processor time in seconds: of the run, the workload's own included, and of what makes its result readable. */
interface Sample {
  readonly run: number;
  readonly readable: number;
}

function contendersOf(perf: string | undefined, folder: string): Contender<Sample>[] {
  const run = async (...command: readonly string[]): Promise<Sample> => ({
    run: (await timesOf(command)).cpu,
    readable: 0,
  });
  const ours = [process.execPath, bpfkitScript, "stack-profile", "-q", "--freq", HZ, "--unwind", "dwarf"];
  const contenders = [
    { name: BARE, measure: () => run(...work) },
    { name: OURS, measure: () => run(...ours, "-o", join(folder, "out.folded"), "--", ...work) },
  ];
  if (perf === undefined) return contenders;
  const data = join(folder, "perf.data");
  const record = [perf, "record", "-q", "-e", "cpu-clock", "-F", HZ, "--call-graph", "dwarf", "-o", data];
  const measure = async () => ({
    ...(await run(...record, "--", ...work)),
    readable: (await timesOf([perf, "script", "-i", data])).cpu,
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
      (samples.get(name) ?? []).flatMap(({ run }, round) => {
        const other = without[round];
        return other === undefined ? [] : [run - other.run];
      });
    const rows = [...samples].map(([name, taken]) => {
      const [{ lower, upper }, more] = [summarize(added(name)), median(added(name))];
      const run = median(taken.map((each) => each.run)).toFixed(2);
      if (name === BARE) return [name, run];
      const readable = median(taken.map((each) => each.readable)).toFixed(2);
      return [name, run, more.toFixed(2), `${lower.toFixed(2)}–${upper.toFixed(2)}`, readable];
    });
    bench.say(textTable([`at ${HZ} Hz`, "CPU s", "above bare", "quartiles", "perf script"], rows));
    bench.say(
      "CPU s is all processor time from the start of the tool to its end, the workload's own included. " +
        "stack-profile has written folded stacks by then; perf has not yet looked at what it recorded.",
    );
    const [ours, theirs] = [added(OURS), added(RECORD)];
    const measured = ours.length * theirs.length === 0 ? undefined : median(ours) / median(theirs);
    return [{ what: `${OURS} / ${RECORD}`, limit: 1, measured, unit: "×" }];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export const unwindCost: Benchmark = {
  name: "unwind-cost",
  summary: "what stacks without frame pointers cost at 999 Hz, against perf record --call-graph dwarf",
  run,
};
