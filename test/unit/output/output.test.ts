import Ajv from "ajv/dist/2020";
import { CapturedOutput } from "../../../src/output/capture";
import { createOutput, type OutputOptions } from "../../../src/output/output";
import { counter, documentSchema, lineSchema, type ReportShape } from "../../../src/output/schema";
import type { Sink } from "../../../src/output/sink";
import { calls, info, manyCalls, nextReport, reportOf } from "./sample";

class MemorySink implements Sink {
  readonly pieces: string[] = [];
  closed = false;
  disposed = false;
  async write(text: string): Promise<void> {
    this.pieces.push(text);
  }
  async close(): Promise<void> {
    this.closed = true;
  }
  [Symbol.dispose](): void {
    this.disposed = true;
  }
}

function create(options: Partial<OutputOptions>, width?: () => number) {
  const sink = new MemorySink();
  const notices: string[] = [];
  const fixed = {
    info,
    sink,
    intervals: false,
    color: false,
    ascii: false,
    terminal: false,
    format: "table",
  } as const;
  const output = createOutput({
    ...fixed,
    ...options,
    notice: (text) => void notices.push(text),
    get width() {
      return width?.();
    },
  });
  return { output, sink, notices };
}

test.each(["table", "json", "ndjson", "csv"] as const)(
  "%s: a report is out when report() resolves",
  async (format) => {
    const { output, sink } = create({ format });
    await output.report(reportOf(calls));
    expect(sink.pieces).toHaveLength(1);
    expect(sink.pieces[0]).toContain("clock_nanosleep");
    await output.end();
    expect(sink.closed).toBe(true);
  },
);

test("a large report is written in pieces", async () => {
  const { output, sink } = create({ format: "ndjson" });
  await output.report(reportOf(manyCalls(10_000)));
  expect(sink.pieces.length).toBeGreaterThan(10);
  expect(sink.pieces.join("").match(/\n/g)).toHaveLength(10_000);
});

test.each([
  ["csv with rows", "csv", calls, 1],
  ["ndjson with rows", "ndjson", calls, 0],
  ["ndjson without rows", "ndjson", [], 1],
  ["json", "json", [], 0],
  ["table", "table", calls, 0],
] as const)("losses that %s cannot show are said", async (_name, format, rows, count) => {
  const { output, notices } = create({ format });
  await output.report(reportOf(rows, { lost: { mapFull: 0 } }));
  expect(notices).toEqual([]);
  await output.report(reportOf(rows, { lost: { mapFull: 4 } }));
  expect(notices).toEqual(Array(count).fill("Lost: 4 (map full 4)."));
});

test("tables of a run with intervals have the time above them unless told otherwise", async () => {
  const { output, sink } = create({ intervals: true });
  await output.report(reportOf(calls));
  expect(sink.pieces[0]).toMatch(/^\d\d:\d\d:\d\d\nSYSCALL/);
});

test("tables follow the width of the terminal", async () => {
  let columns = 60;
  const { output, sink } = create({}, () => columns);
  const report = reportOf([{ name: "x".repeat(100), count: 1, share: 1 }]);
  await output.report(report);
  columns = 30;
  await output.report(report);
  const widths = sink.pieces.map((text) => text.split("\n").find((line) => line.startsWith("x"))!.length);
  expect(widths).toEqual([60, 30]);
});

test("an output that is disposed of gives its sink up", () => {
  const { output, sink } = create({});
  output[Symbol.dispose]();
  expect(sink).toMatchObject({ closed: false, disposed: true });
});

test("a captured output shows rows as JSON does and takes nothing after its end", async () => {
  const output = new CapturedOutput();
  await output.report(reportOf(calls));
  await output.report(nextReport([]));
  expect(output.rows()).toEqual([]);
  expect(output.rows(0)[1]).toEqual({ name: "openat", count: 601, share: 0.3 });
  await output.end();
  await expect(output.report(reportOf([]))).rejects.toThrow("ended already");
});

describe("schema", () => {
  const shape: ReportShape = {
    command: "syscall-top",
    row: { name: { type: "string" }, count: counter, share: { type: "number" } },
    totals: { count: counter },
    lost: ["mapFull", "missedProbe"],
  };
  const ajv = new Ajv({ strict: true });
  const big = { name: "read", count: 2n ** 60n, share: 1 };

  test("holds the documents that json prints", async () => {
    const { output, sink } = create({ format: "json" });
    await output.report(reportOf([...calls, big]));
    const valid = ajv.compile(documentSchema(shape));
    const document = JSON.parse(sink.pieces.join(""));
    expect([valid(document), valid.errors]).toEqual([true, null]);
    for (const name of Object.keys(document)) {
      const { [name]: _dropped, ...rest } = document;
      expect([name, valid(rest)]).toEqual([name, false]);
    }
    expect(valid({ ...document, more: 1 })).toBe(false);
  });

  test("holds the lines that ndjson prints", async () => {
    const { output, sink } = create({ format: "ndjson" });
    await output.report(reportOf([...calls, big]));
    const valid = ajv.compile(lineSchema(shape));
    for (const line of sink.pieces.join("").trimEnd().split("\n")) {
      expect([line, valid(JSON.parse(line))]).toEqual([line, true]);
    }
    expect(valid({ name: "read", count: 1, share: 1 })).toBe(false);
  });

  test("lets optional columns be absent", () => {
    const valid = ajv.compile(documentSchema({ ...shape, optional: ["share"], lost: [], totals: {} }));
    const origin = { tool: "bpfkit", version: "0.1.0", command: "syscall-top", kernel: "6.1" };
    const time = "2026-11-21T10:00:01.000Z";
    const span = { startedAt: time, endedAt: time, durationNs: 0 };
    expect(valid({ ...origin, ...span, rows: [{ name: "read", count: 1 }], totals: {}, lost: {} })).toBe(
      true,
    );
    expect(valid({ ...origin, ...span, rows: [{ name: "read" }], totals: {}, lost: {} })).toBe(false);
  });
});
