/** What it costs to go on with a tool, of work that keeps all processors busy: in interrupts, and in the tool itself. */
import { availableParallelism } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import type { Bench } from "./benchmark";
import { cpuSecondsOf } from "./process-status";
import { measureInTurn } from "./rounds";
import { RunningTracer, type Tracer } from "./running-tracer";
import { mean, median, summarize } from "./statistics";
import { textTable } from "./text-table";
import { WatchedWork } from "./watched-work";

const BARE = "nothing";
/** By then the programs know nearly all of the code, and V8 has compiled what is run often. */
const SETTLED_MS = 2500;
const STEADY_SECONDS = 5;

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

/**
 * Says a table under `title` and returns what each tracer takes of all processors, in percent, by its name; nothing for
 * one that could not be measured.
 */
export async function steadyCosts(
  bench: Bench,
  title: string,
  tracers: readonly Tracer[],
  rounds: number,
): Promise<ReadonlyMap<string, number>> {
  const { perl } = bench.peers;
  if (perl === undefined) return new Map();
  const work = new WatchedWork(perl);
  try {
    const contenders = [undefined, ...tracers].map((tracer) => ({
      name: tracer?.name ?? BARE,
      measure: () => steadily(work, tracer),
    }));
    const samples = await measureInTurn(contenders, bench.rounds ?? rounds, bench);
    const without = samples.get(BARE) ?? [];
    const costs = new Map<string, number>();
    const rows = [...samples].map(([name, seen]) => {
      const interrupts = median(seen.map((each) => each.interrupts)).toFixed(2);
      if (name === BARE) return [name, interrupts];
      const taken = seen.flatMap((each, round) => {
        const other = without[round];
        if (other === undefined) return [];
        return [each.interrupts - other.interrupts + each.tool / availableParallelism()];
      });
      const { median: middle, lower, upper } = summarize(taken);
      costs.set(name, middle);
      const tool = mean(seen.map((each) => each.tool)).toFixed(2);
      return [name, interrupts, tool, middle.toFixed(2), `${lower.toFixed(2)}–${upper.toFixed(2)}`];
    });
    bench.say(textTable([title, "% in interrupts", "% in the tool", "% taken", "quartiles"], rows));
    bench.say(
      `From ${SETTLED_MS / 1000} s after the start of the tool on, for ${STEADY_SECONDS} s each time. % in interrupts is what ` +
        "work that keeps all processors busy sees itself; % in the tool is of one processor. % taken is of all processors: " +
        "more in interrupts than without a tool, and the tool itself.",
    );
    return costs;
  } finally {
    work.end();
  }
}
