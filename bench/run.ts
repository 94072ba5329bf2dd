/** npm run bench [-- NAME…] [--rounds N] [--check]: bpfkit and its peers, side by side. */
import { parseArgs } from "node:util";
import { messageOf, UsageError } from "../src/core/errors";
import type { Bench, Benchmark } from "./benchmark";
import { type Bound, boundCells, verdictOf } from "./bound";
import { dashboardCost } from "./dashboard";
import { dashboardRefresh } from "./dashboard-refresh";
import { functionCost } from "./function-cost";
import { machineFacts } from "./machine-facts";
import { memory } from "./memory";
import { describeProcess, otherTracers } from "./other-tracers";
import { findPeers, missingPeers } from "./peers";
import { endOnSignals, hasTracefs, runInside } from "./private-mounts";
import { execBenchmark, switchBenchmark } from "./proc-count";
import { execTimeBenchmark, switchTimeBenchmark } from "./proc-throughput";
import { profileCost } from "./profile-cost";
import { profileOutput } from "./profile-output";
import { programCost } from "./program-cost";
import { startUp } from "./start-up";
import { symbols } from "./symbols";
import { syscallCost } from "./syscall-cost";
import { textTable } from "./text-table";
import { unwindCost } from "./unwind-cost";
import { writeEvents } from "./write-events";

const benchmarks: readonly Benchmark[] = [
  syscallCost,
  programCost,
  startUp,
  memory,
  execBenchmark,
  switchBenchmark,
  execTimeBenchmark,
  switchTimeBenchmark,
  profileCost,
  unwindCost,
  profileOutput,
  symbols,
  dashboardCost,
  dashboardRefresh,
  writeEvents,
  functionCost,
];

function usage(): string {
  const names = benchmarks.map(({ name, summary }) => `  ${name.padEnd(19)}${summary}`).join("\n");
  return `npm run bench [-- NAME…] [--rounds N] [--check]\n${names}\n  --check       exit 1 when a bound is broken\n`;
}

function parse(argv: readonly string[]) {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      rounds: { type: "string" },
      check: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  });
  const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
  if (rounds !== undefined && !(Number.isInteger(rounds) && rounds > 0))
    throw new UsageError(`rounds: "${values.rounds}" is not a whole number above 0`);
  const unknown = positionals.find((name) => !benchmarks.some((one) => one.name === name));
  if (unknown !== undefined) throw new UsageError(`benchmark: no "${unknown}"`);
  const chosen = benchmarks.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
  return { rounds, chosen, check: values.check === true, help: values.help === true };
}

const say = (line: string) => void process.stdout.write(`${line}\n`);
const note = (line: string) => void process.stderr.write(`${line}\n`);

async function measure(chosen: readonly Benchmark[], rounds: number | undefined): Promise<Bound[]> {
  for (const line of machineFacts()) say(line);
  const peers = findPeers(note);
  for (const line of missingPeers(peers)) say(line);
  if (!hasTracefs()) say("skipped: whatever needs tracefs, which could not be mounted");
  const residents = otherTracers();
  for (const pid of residents)
    say(`WARNING: ${describeProcess(pid)} traces system calls already, which makes every figure wrong`);
  const bench: Bench = { rounds, peers, residents, say, note };
  const bounds: Bound[] = [];
  for (const { name, summary, run } of chosen) {
    say(`\n${name}: ${summary}\n`);
    bounds.push(...(await run(bench)));
  }
  if (bounds.length > 0) say(`\n${textTable(["bound", "measured", "limit", ""], bounds.map(boundCells))}`);
  return bounds;
}

async function main(): Promise<number> {
  const { rounds, chosen, check, help } = parse(process.argv.slice(2));
  if (help) {
    say(usage());
    return 0;
  }
  if (process.getuid?.() !== 0) {
    note("bench: tracing the whole machine needs root");
    return 77;
  }
  const inside = await runInside();
  if (inside !== undefined) return inside;
  endOnSignals();
  const bounds = await measure(chosen, rounds);
  return check && bounds.some((bound) => verdictOf(bound) === "BROKEN") ? 1 : 0;
}

void main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    note(`bench: ${messageOf(error)}`);
    process.exitCode = error instanceof UsageError ? 2 : 1;
  },
);
