/**
 * A test that failed in a long run beside others has a second run with nothing beside it. What passes then was
 * disturbed, and is reported as that; what fails again has failed.
 */
import { type JestOutput, summarizeJest } from "./jest-results";

/** The compiled test files in which something failed. */
export function failedFiles({ testResults }: JestOutput): string[] {
  return testResults
    .filter(({ broken, tests }) => broken || tests.some(({ status }) => status === "failed"))
    .map(({ name }) => name);
}

/** Both runs as one: of a file that failed, a test has passed if it did so in either. */
export function withSecondRun(first: JestOutput, second: JestOutput): JestOutput {
  const failed = new Set(failedFiles(first));
  const again = new Map(second.testResults.map((file) => [file.name, file]));
  return {
    testResults: first.testResults.map((file) => {
      const later = again.get(file.name);
      if (later === undefined || !failed.has(file.name)) return file;
      const passed = new Set(file.tests.flatMap((one) => (one.status === "passed" ? [one.fullName] : [])));
      return {
        ...later,
        tests: later.tests.map((one) => (passed.has(one.fullName) ? { ...one, status: "passed" } : one)),
      };
    }),
  };
}

/** What failed at first and no longer does. */
export function mended(first: JestOutput, both: JestOutput): string[] {
  const still = new Set(summarizeJest(both, []).failures.map(({ test }) => test));
  return summarizeJest(first, []).failures.flatMap(({ test }) => (still.has(test) ? [] : [test]));
}
