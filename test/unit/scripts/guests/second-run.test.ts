import type { JestOutput } from "../../../../scripts/guests/jest-results";
import { failedFiles, mended, withSecondRun } from "../../../../scripts/guests/second-run";

const file = (name: string, tests: Record<string, string>, broken = false) => ({
  name: `/p/dist/test/${name}`,
  broken,
  tests: Object.entries(tests).map(([title, status]) => ({ title, fullName: title, status })),
});
const output = (...testResults: JestOutput["testResults"]): JestOutput => ({ testResults });

const good = file("a.test.js", { one: "passed" });
const failed = file("b.test.js", { two: "failed", three: "passed", four: "pending" });
const broken = file("c.test.js", {}, true);
const first = output(good, failed, broken);

test("files that failed are those with a failed test and those that broke", () =>
  expect(failedFiles(first)).toEqual(["/p/dist/test/b.test.js", "/p/dist/test/c.test.js"]));

describe("both runs as one", () => {
  test("a test has passed if it did so in either", () => {
    const second = output(file("b.test.js", { two: "passed", three: "failed", four: "pending" }));
    expect(withSecondRun(output(good, failed), second)).toEqual(
      output(good, file("b.test.js", { two: "passed", three: "passed", four: "pending" })),
    );
  });

  test("a test that fails twice has failed", () => {
    const second = output(file("b.test.js", { two: "failed", three: "passed", four: "pending" }));
    const both = withSecondRun(first, second);
    expect(failedFiles(both)).toEqual(failedFiles(first));
    expect(mended(first, both)).toEqual([]);
  });

  test("a file that broke has the tests of its second run", () => {
    const second = output(file("c.test.js", { five: "passed", six: "failed" }));
    const both = withSecondRun(output(broken), second);
    expect(both).toEqual(second);
    expect(mended(output(broken), both)).toEqual(["c.test.js"]);
  });

  test("a file that did not run again stays as it was", () =>
    expect(withSecondRun(first, output())).toEqual(first));

  test("what passed at first is not looked at again", () =>
    expect(withSecondRun(output(good), output(file("a.test.js", { one: "failed" })))).toEqual(output(good)));
});

test("what the second run mended has its name", () => {
  const second = output(file("b.test.js", { two: "passed", three: "passed", four: "pending" }), broken);
  expect(mended(first, withSecondRun(first, second))).toEqual(["b.test.js: two"]);
});
