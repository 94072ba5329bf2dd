import { belowTest } from "./test-filter";

/** What jest-reporter.ts writes about a run. */
export interface JestOutput {
  readonly testResults: readonly JestFile[];
}

interface JestFile {
  /** The compiled test's path. */
  readonly name: string;
  /** The file could not be loaded, or broke outside of its tests. */
  readonly broken: boolean;
  readonly tests: readonly JestTest[];
}

interface JestTest {
  readonly fullName: string;
  readonly title: string;
  readonly status: string;
}

/** One line of the file BPFKIT_SKIP_LOG: a test that was not run, and why. */
export interface SkipRecord {
  /** The test's title, or its full name. */
  readonly test: string;
  readonly reason: string;
  /** The feature whose absence is the reason, by its name in the table of features. */
  readonly feature?: string;
}

export interface Skip {
  readonly test: string;
  readonly reason: string | undefined;
  readonly feature: string | undefined;
}

export interface Failure {
  readonly test: string;
  readonly note?: string;
}

/** What came out of one run of Jest. */
export interface SuiteResult {
  readonly passed: number;
  readonly failures: readonly Failure[];
  readonly skips: readonly Skip[];
  /** Tests that failed at first, and passed in a second run with nothing beside it. */
  readonly again: readonly string[];
  /** Why the run as a whole does not count, apart from failed tests. */
  readonly faults: readonly string[];
  readonly testSeconds: number;
}

/** The lines of a skip log; a line that is none is an error, for a lost reason is a lie. */
export function parseSkipLog(text: string): SkipRecord[] {
  return text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line, index) => {
      const record: Partial<SkipRecord> = JSON.parse(line);
      if (typeof record.test !== "string" || typeof record.reason !== "string") {
        throw new Error(`skip log, line ${index + 1}: "test" and "reason" are both needed`);
      }
      return record as SkipRecord;
    });
}

/** Counts a guest's tests and puts the recorded reasons to those that were skipped. */
export function summarizeJest(output: JestOutput, records: readonly SkipRecord[]) {
  let passed = 0;
  const failures: Failure[] = [];
  const skips: Skip[] = [];
  for (const file of output.testResults) {
    const failed = file.tests.filter((test) => test.status === "failed");
    if (file.broken) {
      failures.push({ test: belowTest(file.name), note: "the file could not be run" });
    }
    for (const test of failed) failures.push({ test: `${belowTest(file.name)}: ${test.fullName}` });
    for (const test of file.tests) {
      if (test.status === "passed") passed++;
      else if (test.status !== "failed") {
        const record = records.find((candidate) => isOf(candidate, test));
        skips.push({ test: test.fullName, reason: record?.reason, feature: record?.feature });
      }
    }
  }
  return { passed, failures, skips };
}

function isOf(record: SkipRecord, test: JestTest): boolean {
  return (
    record.test === test.title || record.test === test.fullName || test.fullName.endsWith(` ${record.test}`)
  );
}

/**
 * The test files that should have run and did not. With a filter that is what was asked for, and only a run without
 * any test is a fault.
 */
export function unrunSuites(
  output: JestOutput,
  suites: Readonly<Record<string, readonly string[]>>,
  filtered: boolean,
): string[] {
  if (filtered) {
    const ran = output.testResults.flatMap((file) => file.tests).some((test) => test.status !== "pending");
    return ran || output.testResults.some((file) => file.broken) ? [] : ["no test matches the filter"];
  }
  const ran = new Set(output.testResults.map((file) => file.name));
  const faults: string[] = [];
  for (const [suite, files] of Object.entries(suites)) {
    if (files.length === 0) faults.push(`suite "${suite}": has no compiled test`);
    for (const file of files)
      if (!ran.has(file)) faults.push(`suite "${suite}": "${belowTest(file)}" did not run`);
  }
  return faults;
}

/** Skips that nobody accounts for. */
export function unexplainedSkips(skips: readonly Skip[]): string[] {
  return skips
    .filter((skip) => skip.reason === undefined)
    .map((skip) => `"${skip.test}": skipped without a reason in the skip log`);
}
