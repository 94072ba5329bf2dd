import { brokenGuest, type GuestResult } from "../../../../scripts/guests/guest-result";
import { kernelByName } from "../../../../scripts/guests/kernels";
import { guestSummary, isGood, suiteReport, textTable } from "../../../../scripts/guests/summary";

const good: GuestResult = {
  kernel: kernelByName("6.1-arm64"),
  release: "6.1.0-50-arm64",
  passed: 101,
  failures: [],
  skips: [
    { test: "fentry counts", reason: "no direct calls", feature: "fentry" },
    { test: "fexit counts", reason: "no direct calls", feature: "fentry" },
    { test: "other", reason: "not here", feature: undefined },
  ],
  again: [],
  faults: [],
  bootSeconds: 5.2,
  testSeconds: 61.7,
};
const failed: GuestResult = { ...good, skips: [], failures: [{ test: "kernel/a.test.js", note: "broke" }] };
const broken = brokenGuest(kernelByName("5.10"), "not started after 180 s");

test("one line per guest, and the sum", () => {
  expect(guestSummary([broken, good])).toBe(
    [
      "guest      kernel          processor  boot  passed  failed  skipped  tests  result",
      "5.10       -               x86-64      0 s       0       0        0    0 s  FAILED",
      "6.1-arm64  6.1.0-50-arm64  arm64       5 s     101       0        3   62 s  ok",
      "101 passed, 1 failed, 3 skipped",
    ].join("\n"),
  );
});

test.each([
  ["all passed", good, true],
  ["a failed test", failed, false],
  ["a guest that broke", broken, false],
])("%s", (_name, result, expected) => expect(isGood(result)).toBe(expected));

test("skips with the same reason stand together", () => {
  expect(suiteReport("guest", good)).toBe(
    [
      "guest: ok",
      "  skipped 2 (fentry: no direct calls)",
      "    fentry counts",
      "    fexit counts",
      "  skipped 1 (not here)",
      "    other",
    ].join("\n"),
  );
});

test("failures and faults are named", () => {
  expect(suiteReport("guest", { ...failed, faults: ["no result"] })).toBe(
    ["guest: FAILED", "  fault: no result", "  failed: kernel/a.test.js (broke)"].join("\n"),
  );
});

test("what a second run mended is named, and is no failure", () => {
  const result = { ...good, skips: [], again: ["cli/a.test.js: ends"] };
  expect(suiteReport("guest", result)).toBe(
    ["guest: ok", "  failed at first, passed in a second run: cli/a.test.js: ends"].join("\n"),
  );
});

test("a table without rows is its heading", () => expect(textTable([["a", "b"]])).toBe("a  b"));
