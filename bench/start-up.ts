/** How soon a command works after it was typed. */
import type { Bench, Benchmark } from "./benchmark";
import type { Bound } from "./bound";
import { timeToEnd, timeToText } from "./process-run";
import { type Contender, measureInTurn } from "./rounds";
import { median, summarize } from "./statistics";
import { textTable } from "./text-table";
import { bpfkitScript } from "./this-build";
import { COUNT_BY_NUMBER } from "./tracers";

const ROUNDS = 15;
const node = process.execPath;
const BARE = "node -e 0";
const ATTACHED = "bpfkit syscall-top, attached";
const HELP = "bpfkit --help";
const PROFILE = "bpfkit stack-profile, attached";
/** Milliseconds until its clock ticks for the first time at 49 Hz. */
const FIRST_TICK = 20;

function bpfkit(name: string, command: string, ...options: readonly string[]): Contender<number> {
  // With -v a line follows when all programs are attached.
  const args = [bpfkitScript, command, "-v", "-d", "1ms", ...options];
  return { name, measure: () => timeToText(node, args, "attached ") };
}

function contenders({ peers: { bpftrace, syscount } }: Bench): Contender<number>[] {
  const toEnd = (name: string, file: string, ...args: readonly string[]): Contender<number> => ({
    name,
    measure: () => timeToEnd(file, args),
  });
  return [
    toEnd(BARE, node, "-e", "0"),
    bpfkit(ATTACHED, "syscall-top"),
    bpfkit("bpfkit syscall-top --latency, attached", "syscall-top", "--latency"),
    bpfkit("bpfkit syscall-top --by process,syscall, attached", "syscall-top", "--by", "process,syscall"),
    bpfkit(PROFILE, "stack-profile"),
    toEnd(HELP, node, bpfkitScript, "--help"),
    toEnd("bpfkit syscall-top --help", node, bpfkitScript, "syscall-top", "--help"),
    ...(bpftrace === undefined
      ? []
      : [
          toEnd("bpftrace, BEGIN { exit() }", bpftrace, "-e", "BEGIN { exit() }"),
          toEnd("bpftrace, the same and counting", bpftrace, "-e", `BEGIN { exit() } ${COUNT_BY_NUMBER}`),
        ]),
    ...(syscount === undefined
      ? []
      : [
          {
            name: "syscount -d 1, less 1 s",
            measure: async () => (await timeToEnd(syscount, ["-d", "1"])) - 1000,
          },
        ]),
  ];
}

async function run(bench: Bench): Promise<readonly Bound[]> {
  const samples = await measureInTurn(contenders(bench), bench.rounds ?? ROUNDS, bench);
  const bare = median(samples.get(BARE) ?? [Number.NaN]);
  const rows = [...samples].map(([name, taken]) => {
    const { median: middle, lower, upper } = summarize(taken);
    const range = `${lower.toFixed(1)}–${upper.toFixed(1)}`;
    return [name, middle.toFixed(1), range, name === BARE ? "" : (middle - bare).toFixed(1)];
  });
  bench.say(textTable(["from the start to the end, or to attached", "ms", "quartiles", "above node"], rows));
  const above = (name: string) => {
    const taken = samples.get(name);
    return taken === undefined ? undefined : median(taken) - bare;
  };
  return [
    { what: "first program attached, above node -e 0", limit: 120, measured: above(ATTACHED), unit: "ms" },
    {
      what: "stack-profile from exec to its first sample",
      limit: 250,
      measured: samples.has(PROFILE) ? median(samples.get(PROFILE) ?? []) + FIRST_TICK : undefined,
      unit: "ms",
    },
    { what: "--help, above node -e 0", limit: 15, measured: above(HELP), unit: "ms" },
  ];
}

export const startUp: Benchmark = {
  name: "start-up",
  summary: "how soon a command works after it was typed",
  run,
};
