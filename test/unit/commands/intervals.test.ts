import { type Interval, intervals, type Timing } from "../../../src/commands/intervals";
import { fakeClock } from "./fake-clock";

const S = 1_000_000_000;

/** Seconds since the start, with "!" at the last one. */
function shown({ startNs, endNs, last }: Interval): string {
  const seconds = (at: bigint) => Number(at - 100n) / S;
  return `${seconds(startNs)}-${seconds(endNs)}${last ? "!" : ""}`;
}

async function collected(
  timing: Timing,
  during: (index: number) => void = () => {},
  clock = fakeClock().clock,
) {
  const seen: string[] = [];
  for await (const interval of intervals(clock, timing, new AbortController().signal)) {
    seen.push(shown(interval));
    during(seen.length);
  }
  return seen;
}

test.each<[string, Timing, string[]]>([
  ["a duration alone is one interval", { durationNs: 5 * S }, ["0-5!"]],
  ["an even division", { durationNs: 3 * S, intervalNs: S }, ["0-1", "1-2", "2-3!"]],
  ["a rest", { durationNs: 2.5 * S, intervalNs: S }, ["0-1", "1-2", "2-2.5!"]],
  ["an interval longer than the run", { durationNs: 2 * S, intervalNs: 5 * S }, ["0-2!"]],
])("%s", async (_name, timing, expected) => expect(await collected(timing)).toEqual(expected));

test("timers that fire early do not end an interval early", async () =>
  expect(await collected({ durationNs: 2 * S, intervalNs: S }, undefined, fakeClock(3).clock)).toEqual([
    "0-1",
    "1-2!",
  ]));

test("a slow report costs intervals but no time, and the next ones end on the beat", async () => {
  const { clock, pass } = fakeClock();
  const slow = (index: number) => {
    if (index === 1) pass(2.5 * S);
  };
  expect(await collected({ durationNs: 6 * S, intervalNs: S }, slow, clock)).toEqual([
    "0-1",
    "1-4",
    "4-5",
    "5-6!",
  ]);
});

test("an abort ends it with a last interval", async () => {
  const ending = new AbortController();
  const seen: string[] = [];
  for await (const interval of intervals(fakeClock().clock, { intervalNs: S }, ending.signal)) {
    seen.push(shown(interval));
    if (seen.length === 2) ending.abort();
  }
  expect(seen).toEqual(["0-1", "1-2", "2-2!"]);
});

test("without any time it waits for the abort", async () => {
  const ending = new AbortController();
  setImmediate(() => ending.abort());
  const seen: string[] = [];
  for await (const interval of intervals(fakeClock().clock, {}, ending.signal)) seen.push(shown(interval));
  expect(seen).toEqual(["0-0!"]);
});
