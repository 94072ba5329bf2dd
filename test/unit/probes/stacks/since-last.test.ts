import { CountsSince } from "../../../../src/probes/stacks/since-last";

test("counts: by their names, and never below zero", () => {
  const counts = new CountsSince();
  expect(counts.since({ full: 3, missed: 0 })).toEqual({ full: 3, missed: 0 });
  expect(counts.since({ full: 5, missed: 1 })).toEqual({ full: 2, missed: 1 });
  expect(counts.since({ full: 4 })).toEqual({ full: 0 });
  expect(counts.since({ full: 6 })).toEqual({ full: 1 });
});
