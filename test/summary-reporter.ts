/** Jest reporter: why tests were skipped, and one plain line that says how the run went. */
import { mkdtempSync, readFileSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The parts of Jest's results and settings that are read here. */
interface Results {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly {
    readonly testFilePath: string;
    readonly testExecError?: unknown;
    readonly numFailingTests: number;
    readonly testResults: readonly {
      readonly title: string;
      readonly fullName: string;
      readonly status: string;
    }[];
  }[];
}

interface Settings {
  readonly json?: boolean;
  readonly testNamePattern?: string | undefined;
}

interface Skip {
  readonly test: string;
  readonly reason: string;
}

export default class SummaryReporter {
  /** Made by us, to be taken away again. */
  private folder: string | undefined;
  private readonly unexplained: string[] = [];

  constructor(private readonly settings: Settings) {
    // The tests write their reasons there; workers and Jest's own copies of the environment come later.
    if (!process.env["BPFKIT_SKIP_LOG"]) {
      this.folder = mkdtempSync(join(tmpdir(), "bpfkit-skips-"));
      process.env["BPFKIT_SKIP_LOG"] = join(this.folder, "skips.ndjson");
    }
  }

  onRunComplete(_contexts: unknown, results: Results): void {
    const reasons = readSkips(process.env["BPFKIT_SKIP_LOG"] ?? "");
    if (this.folder !== undefined) {
      rmSync(this.folder, { recursive: true, force: true });
      delete process.env["BPFKIT_SKIP_LOG"];
    }
    const skipped = results.testResults.flatMap((file) =>
      file.testResults.filter(({ status }) => isSkipped(status)),
    );
    const byReason = new Map<string, string[]>();
    for (const { title, fullName } of skipped) {
      const reason =
        reasons.get(title) ?? reasons.get(fullName) ?? reasonIn(title) ?? this.unfiltered(fullName);
      byReason.set(reason, [...(byReason.get(reason) ?? []), fullName]);
    }
    const lines = [...byReason].flatMap(([reason, tests]) => [
      `skipped ${tests.length}: ${reason}`,
      ...(reason === NOT_SELECTED ? [] : tests.map((test) => `  ${test}`)),
    ]);
    // A file that could not be read at all has no failed test, but it is one.
    const broken = results.testResults.filter(
      (file) => file.testExecError !== undefined && file.numFailingTests === 0,
    );
    const failed = results.numFailedTests + broken.length;
    lines.push(`${results.numPassedTests} passed, ${failed} failed, ${skipped.length} skipped`);
    // With --json stdout belongs to the results. Jest's own summary is always the last reporter's, so ours waits
    // for the end, when streams may take nothing any more.
    const fd = this.settings.json === true ? 2 : 1;
    process.once("exit", () => writeSync(fd, `${lines.join("\n")}\n`));
  }

  /** Makes the run fail when a test was skipped and nobody says why. */
  getLastError(): Error | undefined {
    if (this.unexplained.length === 0 || process.env["BPFKIT_REQUIRE_KERNEL"] !== "1") return undefined;
    return new Error(`skipped without a reason: ${this.unexplained.join("; ")}`);
  }

  /** Jest reports tests that `-t` leaves out like skipped ones. */
  private unfiltered(test: string): string {
    if (this.settings.testNamePattern) return NOT_SELECTED;
    this.unexplained.push(test);
    return "no reason given";
  }
}

const NOT_SELECTED = "not selected by --testNamePattern";

function isSkipped(status: string): boolean {
  return status === "pending" || status === "skipped" || status === "todo" || status === "disabled";
}

/** Some tests carry the reason in their title. */
function reasonIn(title: string): string | undefined {
  return /\(skipped: (.*)\)$/s.exec(title)?.[1];
}

/** Test → reason. */
function readSkips(path: string): ReadonlyMap<string, string> {
  try {
    const lines = readFileSync(path, "utf8")
      .split("\n")
      .filter((line) => line !== "");
    return new Map(lines.map((line) => JSON.parse(line) as Skip).map(({ test, reason }) => [test, reason]));
  } catch {
    return new Map(); // nothing was skipped
  }
}
