import { outputOf } from "../../../../scripts/guests/jest-reporter";
import {
  type JestOutput,
  parseSkipLog,
  summarizeJest,
  unexplainedSkips,
  unrunSuites,
} from "../../../../scripts/guests/jest-results";
import { togetherFile } from "../../../../scripts/guests/jest-run";

const file = (
  name: string,
  tests: Record<string, string>,
  broken = false,
): JestOutput["testResults"][number] => ({
  name: `/p/dist/test/${name}`,
  broken,
  tests: Object.entries(tests).map(([title, state]) => ({
    title,
    fullName: `maps ${title}`,
    status: state,
  })),
});
const output = (...testResults: JestOutput["testResults"]): JestOutput => ({ testResults });

test("the reporter keeps what counts, without errors that refer to themselves", () => {
  const circle: { self?: unknown } = {};
  circle.self = circle;
  const ancestorTitles = ["maps"];
  const one = {
    ancestorTitles,
    title: "one",
    fullName: "maps one",
    status: "failed",
    failureDetails: [circle],
  };
  const result = {
    testResults: [
      { testFilePath: "/a", testResults: [one] },
      { testFilePath: "/b", testExecError: circle, testResults: [] },
    ],
  };
  expect(JSON.parse(JSON.stringify(outputOf(result)))).toEqual({
    testResults: [
      { name: "/a", broken: false, tests: [{ title: "one", fullName: "maps one", status: "failed" }] },
      { name: "/b", broken: true, tests: [] },
    ],
  });
});

test("files that ran as one are told apart", () => {
  const inside = (file: string, title: string) => ({
    ...{ ancestorTitles: [file, "maps"], title, fullName: `${file} maps ${title}`, status: "passed" },
  });
  const result = {
    testResults: [
      {
        testFilePath: togetherFile,
        testResults: [inside("/a", "one"), inside("/b", "two"), inside("/a", "three")],
      },
    ],
  };
  const passed = (title: string) => ({ title, fullName: `maps ${title}`, status: "passed" });
  expect(outputOf(result)).toEqual({
    testResults: [
      { name: "/a", broken: false, tests: [passed("one"), passed("three")] },
      { name: "/b", broken: false, tests: [passed("two")] },
    ],
  });
});

describe("the counts", () => {
  test("passed, failed and skipped tests", () => {
    const run = output(
      file("kernel/a.test.js", { one: "passed", two: "failed", three: "pending", four: "todo" }),
      file("cli/b.test.js", { one: "passed" }),
    );
    expect(summarizeJest(run, [])).toEqual({
      passed: 2,
      failures: [{ test: "kernel/a.test.js: maps two" }],
      skips: [
        { test: "maps three", reason: undefined, feature: undefined },
        { test: "maps four", reason: undefined, feature: undefined },
      ],
    });
  });

  test("a file that breaks before its first test is a failure", () => {
    expect(summarizeJest(output(file("kernel/a.test.js", {}, true)), []).failures).toEqual([
      { test: "kernel/a.test.js", note: "the file could not be run" },
    ]);
  });
});

describe("reasons", () => {
  const run = output(file("kernel/a.test.js", { "counts 23 calls": "pending" }));
  test.each([
    ["by title", "counts 23 calls", "no fentry"],
    ["by full name", "maps counts 23 calls", "no fentry"],
    ["not by a part of the title", "calls23", undefined],
    ["not by the end of a word", "ounts 23 calls", undefined],
  ])("%s", (_name, test, reason) => {
    const [skip] = summarizeJest(run, [{ test, reason: "no fentry", feature: "fentry" }]).skips;
    expect(skip?.reason).toBe(reason);
  });

  test("a skip without one is a fault", () => {
    expect(unexplainedSkips(summarizeJest(run, []).skips)).toEqual([
      '"maps counts 23 calls": skipped without a reason in the skip log',
    ]);
  });

  test("the log has one JSON object per line", () => {
    expect(parseSkipLog('{"test":"a","reason":"b"}\n\n{"test":"c","reason":"d","feature":"e"}\n')).toEqual([
      { test: "a", reason: "b" },
      { test: "c", reason: "d", feature: "e" },
    ]);
  });

  test.each([
    ["half a line", '{"test":"a","rea'],
    ["no reason", '{"test":"a"}'],
  ])("%s in the log is an error", (_name, text) => expect(() => parseSkipLog(text)).toThrow());
});

describe("suites that did not run", () => {
  const suites = { kernel: ["/p/dist/test/kernel/a.test.js"], cli: ["/p/dist/test/cli/b.test.js"] };
  const a = file("kernel/a.test.js", { one: "passed" });
  const b = file("cli/b.test.js", { one: "passed" });

  test.each([
    ["all ran", output(a, b), suites, false, []],
    ["a file is missing", output(a), suites, false, ['suite "cli": "cli/b.test.js" did not run']],
    [
      "a suite is empty",
      output(a),
      { kernel: suites.kernel, cli: [] },
      false,
      ['suite "cli": has no compiled test'],
    ],
    ["a filter leaves files out", output(a), suites, true, []],
    ["a filter matches no file", output(), suites, true, ["no test matches the filter"]],
    [
      "a filter matches no name",
      output(file("kernel/a.test.js", { one: "pending" })),
      suites,
      true,
      ["no test matches the filter"],
    ],
    ["a filtered file breaks", output(file("kernel/a.test.js", {}, true)), suites, true, []],
  ])("%s", (_name, run, expected, filtered, faults) => {
    expect(unrunSuites(run, expected, filtered)).toEqual(faults);
  });
});
