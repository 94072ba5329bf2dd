/** What each tracer adds to a call of a function: one of libc, and where the kernel has kprobes one of the kernel. */
import { existsSync } from "node:fs";
import { BpfkitError } from "../src/core/errors";
import { TargetFile } from "../src/symbols/resolve-function";
import type { Bench, Benchmark } from "./benchmark";
import type { Bound } from "./bound";
import { ofBpfkit, ofBpftrace, ofFunclatency } from "./function-tracers";
import { type Contender, measureInTurn } from "./rounds";
import { RunningTracer, type Tracer } from "./running-tracer";
import { median, summarize } from "./statistics";
import { addedNs } from "./syscall-cost";
import { textTable } from "./text-table";
import { runWorkload, type Times } from "./workload";

const ROUNDS = 7;
const BARE = "nothing";

/** A function that dd calls once for each byte. */
interface Subject {
  readonly name: string;
  readonly calls: number;
  readonly pairs: readonly Pair[];
}

/** Tools that do the same. */
interface Pair {
  readonly what: string;
  readonly ours: Tracer;
  readonly theirs: Tracer | undefined;
  readonly limit: number;
}

function subjects({ peers: { bpftrace, funclatency } }: Bench): Subject[] {
  const count = (target: string, via: string, probe: string): Pair => ({
    what: `--count by ${via} / bpftrace count() by ${probe}`,
    ours: ofBpfkit(target, via, "--count", 1),
    theirs: bpftrace === undefined ? undefined : ofBpftrace(bpftrace, `${probe}:${target}`),
    limit: 1,
  });
  const latency = (target: string, via: string, theirs: string): Pair => ({
    what: `--latency by ${via} / funclatency`,
    ours: ofBpfkit(target, via, "--latency", 2),
    theirs: funclatency === undefined ? undefined : ofFunclatency(funclatency, theirs),
    limit: 0.8,
  });
  const user = (via: string) => [
    count("libc:write", via, "uprobe"),
    latency("libc:write", via, `${pathOf("libc")}:write`),
  ];
  const kernel = (via: string, probe: string) => [
    count("vfs_write", via, probe),
    latency("vfs_write", via, "vfs_write"),
  ];
  const hasKprobes = existsSync("/sys/bus/event_source/devices/kprobe");
  return [
    { name: "libc:write", calls: 200_000, pairs: [...user("uprobe-multi"), ...user("uprobe")] },
    ...(hasKprobes
      ? [
          {
            name: "vfs_write",
            calls: 100_000,
            pairs: [
              ...kernel("fentry", "kfunc"),
              ...kernel("kprobe-multi", "kprobe"),
              ...kernel("kprobe", "kprobe"),
            ],
          },
        ]
      : []),
  ];
}

function pathOf(library: string): string {
  using file = TargetFile.open(library);
  return file.path;
}

function traced(tracer: Tracer, calls: number): Contender<Times> {
  return {
    name: tracer.name,
    async measure() {
      const running = await RunningTracer.start(tracer);
      try {
        const times = await runWorkload(calls);
        const counted = await running.stop();
        if (counted !== undefined && counted < calls)
          throw new BpfkitError(`it counted ${counted} of at least ${calls} calls`);
        return times;
      } finally {
        await running.kill();
      }
    },
  };
}

async function measureSubject({ name, calls, pairs }: Subject, bench: Bench): Promise<Bound[]> {
  const tracers = pairs.flatMap(({ ours, theirs }) => (theirs === undefined ? [ours] : [ours, theirs]));
  const distinct = [...new Map(tracers.map((tracer) => [tracer.name, tracer])).values()];
  const bare: Contender<Times> = { name: BARE, measure: () => runWorkload(calls) };
  const contenders = [bare, ...distinct.map((tracer) => traced(tracer, calls))];
  const samples = await measureInTurn(contenders, bench.rounds ?? ROUNDS, bench);
  const without = samples.get(BARE);
  if (without === undefined) throw new BpfkitError(`${name}: the workload itself cannot be measured`);
  const added = new Map(
    [...samples].map(([tracer, taken]) => [tracer, addedNs(taken, without, "cpu", calls)]),
  );
  const rows = [...added].flatMap(([tracer, cost]) => {
    const { median: middle, lower, upper } = summarize(cost);
    return tracer === BARE ? [] : [[tracer, middle.toFixed(0), `${lower.toFixed(0)}–${upper.toFixed(0)}`]];
  });
  bench.say(textTable([`${name}, ${calls} calls`, "CPU ns/call", "quartiles"], rows));
  return pairs.map(({ what, ours, theirs, limit }) => {
    const [above, below] = [added.get(ours.name), added.get(theirs?.name ?? "")];
    const measured = above && below && median(above) / median(below);
    return { what: `${name}: ${what}`, limit, measured, unit: "×" };
  });
}

async function run(bench: Bench): Promise<readonly Bound[]> {
  const bounds: Bound[] = [];
  for (const subject of subjects(bench)) bounds.push(...(await measureSubject(subject, bench)));
  return bounds;
}

export const functionCost: Benchmark = {
  name: "function-cost",
  summary: "what a call of a function costs more while it is counted or timed",
  run,
};
