/** How much memory syscall-top and stack-profile take, and whether that grows. */
import type { Bench, Benchmark } from "./benchmark";
import type { Bound } from "./bound";
import { describeGrowth, type Growth, summarizeGrowth } from "./memory-growth";
import { peakOf, watchLive, watchResident } from "./memory-run";
import { textTable } from "./text-table";

const LIMIT_MB = 80;
const INTERVALS = 6000;
const DURATION = ["-i", "100ms", "-d", "5"] as const;

const modes = [
  ["syscall-top", ...DURATION],
  ["syscall-top", "--latency", "--by", "process,syscall", ...DURATION],
];
/** Nothing was promised for these. */
const profiles = [
  ["stack-profile", "-d", "5"],
  ["stack-profile", "--freq", "999", "--unwind", "dwarf", "-d", "5"],
];

async function run(bench: Bench): Promise<readonly Bound[]> {
  const peaks: { name: string; mb: number }[] = [];
  for (const command of [...modes, ...profiles]) {
    const name = command.join(" ");
    bench.note(name);
    peaks.push({ name, mb: await peakOf(command) });
  }
  bench.say(
    textTable(
      ["peak of resident memory", "MB"],
      peaks.map(({ name, mb }) => [name, mb.toFixed(1)]),
    ),
  );
  bench.note(`syscall-top -i 10ms, ${INTERVALS} intervals, two runs`);
  const resident = summarizeGrowth(await watchResident(INTERVALS));
  bench.say(describeGrowth("resident memory, garbage included", resident));
  const live = summarizeGrowth(await watchLive(INTERVALS));
  bench.say(describeGrowth("alive after a forced garbage collection", live));
  return [
    ...peaks
      .slice(0, modes.length)
      .map(({ name, mb }) => ({ what: `peak of ${name}`, limit: LIMIT_MB, measured: mb, unit: "MB" })),
    { what: "peak over many intervals", limit: LIMIT_MB, measured: resident.peakMb, unit: "MB" },
    growthBound("resident memory", resident),
    growthBound("live memory", live),
  ];
}

/** Growth is taken as shown when it stands out by more than two errors; 1 MB a day is below what matters. */
function growthBound(what: string, { perDayMb, perDayErrorMb }: Growth): Bound {
  const measured = Math.max(0, perDayMb - 2 * perDayErrorMb);
  return { what: `${what}, growth in 24 h (extrapolated) less 2 errors`, limit: 1, measured, unit: "MB" };
}

export const memory: Benchmark = {
  name: "memory",
  summary: "peak of memory, and whether it grows",
  run,
};
