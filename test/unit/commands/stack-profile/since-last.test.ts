import { CountsSince, EntriesSince } from "../../../../src/commands/stack-profile/since-last";
import type { StackKey } from "../../../../src/probes/stack-tally";

const key = (kernel: bigint, given: Partial<StackKey> = {}): StackKey => ({
  ...{ kernel, user: 2n, comm: "a", pid: 7 },
  ...given,
});

test("entries: what has come since the last time, and nothing of what stood still", () => {
  const entries = new EntriesSince();
  expect(entries.since([[key(1n), { count: 3, total: 30 }]])).toEqual([[key(1n), { count: 3, total: 30 }]]);
  expect(
    entries.since([
      [key(1n), { count: 3, total: 30 }],
      [key(1n, { state: 1 }), { count: 1, total: 5 }],
    ]),
  ).toEqual([[key(1n, { state: 1 }), { count: 1, total: 5 }]]);
  expect(entries.since([[key(1n), { count: 5, total: 42 }]])).toEqual([[key(1n), { count: 2, total: 12 }]]);
});

test("counts: by their names, and never below zero", () => {
  const counts = new CountsSince();
  expect(counts.since({ full: 3, missed: 0 })).toEqual({ full: 3, missed: 0 });
  expect(counts.since({ full: 5, missed: 1 })).toEqual({ full: 2, missed: 1 });
  expect(counts.since({ full: 4 })).toEqual({ full: 0 });
  expect(counts.since({ full: 6 })).toEqual({ full: 1 });
});
