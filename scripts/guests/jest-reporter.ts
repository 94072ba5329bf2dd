import { writeFileSync } from "node:fs";
import type { JestOutput } from "./jest-results";

/** The parts of Jest's own result that are read here. */
interface AggregatedResult {
  readonly testResults: readonly {
    readonly testFilePath: string;
    readonly testExecError?: unknown;
    readonly testResults: JestOutput["testResults"][number]["tests"];
  }[];
}

/**
 * Writes the result of a run to the file that BPFKIT_JEST_RESULT names. Jest's --json is no substitute: it writes
 * nothing at all when a test failed with an error that refers to itself, as those of child_process do.
 */
export default class JestReporter {
  onRunComplete(_contexts: unknown, result: AggregatedResult): void {
    const path = process.env["BPFKIT_JEST_RESULT"];
    if (path) writeFileSync(path, JSON.stringify(outputOf(result)));
  }
}

/** The result without the errors' details. */
export function outputOf(result: AggregatedResult): JestOutput {
  return {
    testResults: result.testResults.map((file) => ({
      name: file.testFilePath,
      broken: file.testExecError != null,
      tests: file.testResults.map(({ title, fullName, status }) => ({ title, fullName, status })),
    })),
  };
}
