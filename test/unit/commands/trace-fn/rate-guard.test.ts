import { RateGuard } from "../../../../src/commands/trace-fn/rate-guard";

const MS = 1_000_000;

/** What the guard does at these moments, each with the calls so far and how full the buffer is. */
function guarded(...moments: readonly (readonly [ms: number, calls: number, filled?: number])[]) {
  const warnings: string[] = [];
  const guard = new RateGuard(1000n, (text) => warnings.push(text));
  const held = moments.map(([ms, calls, filled = 0]) =>
    guard.holds(1000n + BigInt(ms * MS), () => ({ calls, filled })),
  );
  return { held, warnings: warnings.map((text) => text.slice(0, text.indexOf(":"))) };
}

test.each([
  [
    "few calls are shown at once",
    [
      [0, 0],
      [2, 3],
      [100, 90],
      [200, 200],
    ],
    [false, false, false, false],
    [],
  ],
  [
    "a burst is shown at once",
    [
      [1, 1500],
      [2, 1999],
      [200, 2100],
    ],
    [false, false, false],
    [],
  ],
  [
    "many calls are held back until it is certain",
    [
      [2, 2500],
      [100, 60_000],
      [200, 130_000],
    ],
    [true, true, false],
    ["about 650,000 calls a second"],
  ],
  [
    "calls that become fewer are shown",
    [
      [2, 2500],
      [50, 2600],
      [200, 2700],
    ],
    [true, false, false],
    [],
  ],
  [
    "a buffer that fills up is shown",
    [
      [2, 2500, 0.1],
      [20, 25_000, 0.3],
      [22, 27_000, 0.4],
    ],
    [true, false, false],
    ["about 1,300,000 calls a second"],
  ],
  [
    "it looks at the beginning only",
    [
      [200, 10],
      [400, 1_000_000],
    ],
    [false, false],
    [],
  ],
] as const)("%s", (_what, moments, held, warnings) =>
  expect(guarded(...moments)).toEqual({ held, warnings }),
);
