import { writeFileSync } from "node:fs";
import type { JestOutput } from "./jest-results";
import { togetherFile } from "./jest-run";
import { belowTest } from "./test-filter";

/** The parts of Jest's own results that are read here. */
interface CaseResult {
  readonly ancestorTitles: readonly string[];
  readonly title: string;
  readonly fullName: string;
  readonly status: string;
  readonly failureMessages?: readonly string[];
}

interface AggregatedResult {
  readonly testResults: readonly {
    readonly testFilePath: string;
    readonly testExecError?: unknown;
    readonly testResults: readonly CaseResult[];
  }[];
}

/**
 * Writes the result of a run to the file that BPFKIT_JEST_RESULT names. Jest's --json is no substitute: it writes
 * nothing at all when a test failed with an error that refers to itself, as those of child_process do. Of many files
 * that run as one it tells how far they are.
 */
export default class JestReporter {
  private running: { readonly file: string; readonly begun: number; tests: number } | undefined;

  onTestCaseResult({ path }: { readonly path: string }, result: CaseResult): void {
    if (path !== togetherFile) return;
    const [file = ""] = result.ancestorTitles;
    if (file !== this.running?.file) {
      this.tellFile();
      this.running = { file, begun: Date.now(), tests: 0 };
    }
    this.running.tests++;
    if (result.status === "failed") {
      const [message = ""] = result.failureMessages ?? [];
      process.stderr.write(`FAIL ${belowTest(file)}: ${inFile(result, file)}\n${message}\n`);
    }
  }

  onRunComplete(_contexts: unknown, result: AggregatedResult): void {
    this.tellFile();
    const path = process.env["BPFKIT_JEST_RESULT"];
    if (path) writeFileSync(path, JSON.stringify(outputOf(result)));
  }

  private tellFile(): void {
    if (this.running === undefined) return;
    const { file, begun, tests } = this.running;
    const seconds = ((Date.now() - begun) / 1000).toFixed(0);
    process.stderr.write(`ran ${belowTest(file)}: ${tests} tests, ${seconds} s\n`);
  }
}

/** The result without the errors' details; each test under the file that it stands in. */
export function outputOf({ testResults }: AggregatedResult): JestOutput {
  return {
    testResults: testResults.flatMap(({ testFilePath, testExecError, testResults: tests }) => {
      const broken = testExecError != null;
      if (testFilePath !== togetherFile || broken)
        return [{ name: testFilePath, broken, tests: tests.map((one) => testOf(one, "")) }];
      const files = new Map<string, CaseResult[]>();
      for (const one of tests) {
        const [file = ""] = one.ancestorTitles;
        files.set(file, [...(files.get(file) ?? []), one]);
      }
      return [...files].map(([name, inside]) => ({
        name,
        broken: false,
        tests: inside.map((one) => testOf(one, name)),
      }));
    }),
  };
}

function testOf(one: CaseResult, file: string): JestOutput["testResults"][number]["tests"][number] {
  return { title: one.title, fullName: inFile(one, file), status: one.status };
}

/** A test's full name without that of the file. */
function inFile({ fullName }: CaseResult, file: string): string {
  return file !== "" && fullName.startsWith(`${file} `) ? fullName.slice(file.length + 1) : fullName;
}
