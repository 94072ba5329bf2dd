import type { GuestResult } from "./guest-result";
import type { SuiteResult } from "./jest-results";
import { architectureTitle } from "./kernels";

/** True when nothing stands against this run. */
export function isGood(result: SuiteResult): boolean {
  return result.failures.length === 0 && result.faults.length === 0;
}

/** One line per guest, then the sum in words. */
export function guestSummary(results: readonly GuestResult[]): string {
  const rows = results.map((result) => [
    result.kernel.name,
    result.release ?? "-",
    architectureTitle[result.kernel.architecture],
    `${result.bootSeconds.toFixed(0)} s`,
    ...resultCells(result),
  ]);
  return `${textTable([["guest", "kernel", "processor", "boot", ...resultHeading], ...rows])}\n${totals(results)}`;
}

/** The heading over `resultCells`. */
export const resultHeading = ["passed", "failed", "skipped", "tests", "result"] as const;

/** The columns that every table of runs ends with. */
export function resultCells(result: SuiteResult): string[] {
  return [
    String(result.passed),
    String(result.failures.length),
    String(result.skips.length),
    `${result.testSeconds.toFixed(0)} s`,
    isGood(result) ? "ok" : "FAILED",
  ];
}

/** A text table; the first row is the heading. Columns of numbers, with or without a unit, stand to the right. */
export function textTable(rows: readonly (readonly string[])[]): string {
  const [heading = [], ...body] = rows;
  const columns = heading.map((title, column) => {
    const cells = body.map((row) => row[column] ?? "");
    return {
      width: Math.max(title.length, ...cells.map((cell) => cell.length)),
      right: cells.length > 0 && cells.every((cell) => /^\d+( s)?$/.test(cell)),
    };
  });
  const line = (row: readonly string[]) =>
    columns
      .map(({ width, right }, at) => (right ? row[at]!.padStart(width) : row[at]!.padEnd(width)))
      .join("  ")
      .trimEnd();
  return rows.map(line).join("\n");
}

/** The line that ends a run. What stands against a run without being a test counts as failed. */
export function totals(results: readonly SuiteResult[]): string {
  const sum = (count: (result: SuiteResult) => number) =>
    results.reduce((total, result) => total + count(result), 0);
  const failed = sum((result) => result.failures.length + result.faults.length);
  return `${sum((r) => r.passed)} passed, ${failed} failed, ${sum((r) => r.skips.length)} skipped`;
}

/** What failed and what was skipped in one run; skips with the same reason stand together. */
export function suiteReport(title: string, result: SuiteResult): string {
  const lines = [`${title}: ${isGood(result) ? "ok" : "FAILED"}`];
  for (const fault of result.faults) lines.push(`  fault: ${fault}`);
  for (const failure of result.failures)
    lines.push(`  failed: ${failure.test}${failure.note ? ` (${failure.note})` : ""}`);
  for (const test of result.again) lines.push(`  failed at first, passed in a second run: ${test}`);
  const groups = new Map<string, string[]>();
  for (const skip of result.skips) {
    const reason = skip.reason ?? "no reason recorded";
    const group = skip.feature ? `${skip.feature}: ${reason}` : reason;
    groups.set(group, [...(groups.get(group) ?? []), skip.test]);
  }
  for (const [reason, tests] of groups) {
    lines.push(`  skipped ${tests.length} (${reason})`, ...tests.map((test) => `    ${test}`));
  }
  return lines.join("\n");
}
