/** Contenders measured in turn, each round beginning with another, so that what drifts meets all of them alike. */
import { messageOf } from "../src/core/errors";
import type { Bench } from "./benchmark";

/** One side of a comparison. */
export interface Contender<T> {
  readonly name: string;
  /** Measures once; throws when the sample is not worth anything. */
  measure(): Promise<T>;
}

const ATTEMPTS = 5;

/**
 * The samples of each contender, by name, one per round. A sample that fails is thrown out and taken again; a
 * contender that fails five times in a row is left out for good. Both are said.
 */
export async function measureInTurn<T>(
  contenders: readonly Contender<T>[],
  rounds: number,
  bench: Pick<Bench, "say" | "note">,
): Promise<Map<string, T[]>> {
  const samples = new Map(contenders.map(({ name }) => [name, [] as T[]]));
  for (let round = 1; round <= rounds; round++) {
    bench.note(`round ${round} of ${rounds}`);
    const first = (round - 1) % Math.max(1, contenders.length);
    for (const contender of [...contenders.slice(first), ...contenders.slice(0, first)]) {
      const taken = samples.get(contender.name);
      if (taken === undefined) continue;
      const sample = await attempt(contender, bench);
      if (sample !== undefined) taken.push(sample.value);
      else {
        samples.delete(contender.name);
        bench.say(`skipped: ${contender.name} (no valid sample in ${ATTEMPTS} attempts)`);
      }
    }
  }
  return samples;
}

async function attempt<T>(
  { name, measure }: Contender<T>,
  { say }: Pick<Bench, "say">,
): Promise<{ readonly value: T } | undefined> {
  for (let i = 0; i < ATTEMPTS; i++) {
    try {
      return { value: await measure() };
    } catch (error) {
      say(`thrown out: ${name}: ${messageOf(error)}`);
    }
  }
  return undefined;
}
