import { childrenCpuUs, secondsOfMessaging, switchesOf } from "../../../bench/proc-throughput";

test("what perf bench sched messaging took", () =>
  expect(
    secondsOfMessaging(
      "# Running 'sched/messaging' benchmark:\n# 20 sender and receiver processes per group\n# 10 groups == 400 processes run\n\n     Total time: 2.375 [sec]\n",
    ),
  ).toBe(2.375));

test("how often stress-ng switched", () =>
  expect(
    switchesOf(
      [
        "stress-ng: info:  [7] stressor       bogo ops real time  usr time  sys time   bogo ops/s     bogo ops/s",
        "stress-ng: info:  [7]                           (secs)    (secs)    (secs)   (real time) (usr+sys time)",
        "stress-ng: info:  [7] switch          1170432      3.00      0.30      3.41    390117.86      315480.32",
      ].join("\n"),
    ),
  ).toEqual({ count: 1170432, perSecond: 390117.86 }));

test("a result that is not there is said", () =>
  expect(() => switchesOf("stress-ng: info:  [7] passed: 2: switch (2)")).toThrow("workload: no result in"));

test("the processor time of children that are gone", () =>
  expect(childrenCpuUs("7 (a (b) c) S 1 7 7 0 -1 4194304 10 20 0 0 31 37 41 43 20 0 1 0 100 0 0")).toBe(
    840_000,
  ));
