import { BpfkitError } from "../src/core/errors";
import type { ProgramRuns } from "./attached-programs";
import { describeProcess, otherTracers } from "./other-tracers";
import { RunningTracer, type Tracer } from "./running-tracer";
import { runWorkload, type Times } from "./workload";

/** Throws when somebody but these traces system calls before or after the measurement. */
export async function undisturbed<T>(measure: () => Promise<T>, except: readonly number[]): Promise<T> {
  const others = otherTracers(except);
  const value = await measure();
  others.push(...otherTracers(except));
  if (others.length === 0) return value;
  const names = [...new Set(others)].map(describeProcess);
  throw new BpfkitError(`others trace system calls: ${names.join(", ")}`);
}

/** A run of the workload under a tracer. */
export interface TracedRun {
  readonly times: Times;
  /** What the kernel counted of each program meanwhile; all zero while statistics are off. */
  readonly runs: readonly ProgramRuns[];
}

/**
 * Runs the workload while the tracer is attached. Throws when the tracer was not attached all the time, or did not
 * count the whole workload, or when somebody else but the `residents` traced too.
 */
export async function traceWorkload(
  tracer: Tracer,
  bytes: number,
  residents: readonly number[],
): Promise<TracedRun> {
  const running = await RunningTracer.start(tracer);
  try {
    const before = running.runs();
    const times = await undisturbed(() => runWorkload(bytes), [...residents, running.pid]);
    const after = running.runs();
    const counted = await running.stop();
    if (counted !== undefined && counted < 2 * bytes)
      throw new BpfkitError(`it counted ${counted} of at least ${2 * bytes} reads and writes`);
    const runs = [...after].map(([id, { runs, timeNs }]) => ({
      runs: runs - (before.get(id)?.runs ?? 0),
      timeNs: timeNs - (before.get(id)?.timeNs ?? 0),
    }));
    return { times, runs };
  } finally {
    await running.kill();
  }
}
