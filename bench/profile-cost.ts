/** What sampling the stacks of a busy machine costs: stack-profile beside libbpf-tools' profile. */
import { readFacts } from "../src/bpf/facts";
import { Kernel } from "../src/bpf/kernel";
import { openLinux } from "../src/sys/linux";
import type { ProgramRuns } from "./attached-programs";
import type { Bench, Benchmark } from "./benchmark";
import type { Bound } from "./bound";
import { cpuBound, timesOf } from "./cpu-bound";
import { cpuSecondsOf } from "./process-status";
import { RunningTracer, type Tracer } from "./running-tracer";
import { steadyCosts } from "./steady-cost";
import { textTable } from "./text-table";
import { bpfkitScript } from "./this-build";

const ROUNDS = 10;
const HZ = 99;
const TOGETHER_SECONDS = 5;

/** stack-profile with these options; a program takes the samples, another one looks at what is executed. */
const stackProfile = (...options: readonly string[]): Tracer => ({
  name: ["bpfkit stack-profile", ...options].join(" "),
  command: [process.execPath, bpfkitScript, "stack-profile", "-q", "--freq", String(HZ), ...options],
  programs: 2,
});
const [unwinding, walking] = [stackProfile(), stackProfile("--unwind", "fp")];

const PROFILE = "libbpf-tools profile";

function peersOf({ peers: { "profile-libbpf": path } }: Bench): Tracer[] {
  return path === undefined ? [] : [{ name: PROFILE, command: [path, "-F", String(HZ)], programs: 1 }];
}

/** What a tool has taken in a stretch of time. */
interface Taken {
  /** In its programs, in seconds, and how often the one that takes samples ran. */
  readonly programs: number;
  readonly samples: number;
  /** In the tool itself, in seconds. */
  readonly tool: number;
}

/** What each tool takes while all of them sample the same work at the same time. */
async function together(tracers: readonly Tracer[]): Promise<readonly Taken[]> {
  const running: RunningTracer[] = [];
  try {
    for (const tracer of tracers) running.push(await RunningTracer.start(tracer));
    const before = running.map((each) => ({ runs: each.runs(), cpu: cpuSecondsOf(each.pid) }));
    await timesOf(cpuBound(TOGETHER_SECONDS));
    return running.map((each, i) => {
      const { runs: old, cpu } = before[i] as { runs: Map<number, ProgramRuns>; cpu: number };
      const added = [...each.runs()].map(([id, { runs, timeNs }]) => ({
        runs: runs - (old.get(id)?.runs ?? 0),
        timeNs: timeNs - (old.get(id)?.timeNs ?? 0),
      }));
      return {
        programs: added.reduce((sum, { timeNs }) => sum + timeNs, 0) / 1e9,
        samples: Math.max(...added.map(({ runs }) => runs)),
        tool: cpuSecondsOf(each.pid) - cpu,
      };
    });
  } finally {
    for (const each of running) await each.kill();
  }
}

/** A second of a processor has so many samples. */
const shareOf = ({ programs, samples }: Taken) => (100 * HZ * programs) / samples;

async function sideBySide(bench: Bench, tracers: readonly Tracer[]): Promise<readonly Bound[]> {
  using _stats = new Kernel(openLinux(), readFacts()).enableStats();
  const taken = await together(tracers);
  const rows = tracers.map(({ name }, i) => {
    const each = taken[i] as Taken;
    const perSample = (1e6 * each.programs) / each.samples;
    const toolShare = (100 * each.tool * HZ) / each.samples;
    return [name, String(each.samples), perSample.toFixed(1), shareOf(each).toFixed(3), toolShare.toFixed(2)];
  });
  bench.say(textTable(["at the same time", "samples", "µs/sample", "% in programs", "% in the tool"], rows));
  bench.say("Percent of the processors' time; that in the programs by BPF_ENABLE_STATS.");
  const theirs = taken[tracers.findIndex(({ name }) => name === PROFILE)];
  return [unwinding, walking].flatMap(({ name }, i): Bound[] => {
    const ours = shareOf(taken[i] as Taken);
    const measured = theirs && ours / shareOf(theirs);
    return [
      { what: `${name}: time in its programs`, limit: 0.5, measured: ours, unit: "%" },
      { what: `${name}: time in its programs / in those of profile`, limit: 1, measured, unit: "×" },
    ];
  });
}

async function slowDown(bench: Bench, tracers: readonly Tracer[]): Promise<Bound> {
  const costs = await steadyCosts(bench, `at ${HZ} Hz, one after another`, tracers, ROUNDS);
  const what = `${unwinding.name}: taken of a busy machine, the tool included`;
  return { what, limit: 0.5, measured: costs.get(unwinding.name), unit: "%" };
}

async function run(bench: Bench): Promise<readonly Bound[]> {
  const tracers = [unwinding, walking, ...peersOf(bench)];
  return [...(await sideBySide(bench, tracers)), await slowDown(bench, tracers)];
}

export const profileCost: Benchmark = {
  name: "profile-cost",
  summary: `what stack-profile at ${HZ} Hz costs a busy machine, against libbpf-tools profile`,
  run,
};
