/** An output that keeps what it is given, for the tests of commands. */
import type { Output } from "./output";
import type { Json, Report } from "./report";

export class CapturedOutput implements Output {
  readonly reports: Report<unknown>[] = [];
  ended = false;
  disposed = false;

  async report<R>(report: Report<R>): Promise<void> {
    if (this.ended) throw new ReferenceError("output has ended already");
    this.reports.push(report as Report<unknown>);
  }

  async end(): Promise<void> {
    this.ended = true;
  }

  [Symbol.dispose](): void {
    this.disposed = true;
  }

  /** The rows of one report as JSON would show them; of the last one unless told otherwise. */
  rows(index = -1): Record<string, Json>[] {
    const report = this.reports.at(index);
    if (report === undefined) throw new RangeError(`report ${index}: only ${this.reports.length} were made`);
    return report.rows.map((row) =>
      Object.fromEntries(report.columns.map((column) => [column.key, column.json(row)])),
    );
  }
}
