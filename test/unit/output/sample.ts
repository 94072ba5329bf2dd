import type { Column, Report, RunInfo } from "../../../src/output/report";

export interface Call {
  readonly name: string;
  readonly count: number | bigint;
  readonly share: number;
}

export const columns: readonly Column<Call>[] = [
  { title: "syscall", key: "name", shrink: "end", text: (row) => row.name, json: (row) => row.name },
  {
    title: "count",
    key: "count",
    align: "right",
    text: (row) => String(row.count),
    json: (row) => row.count,
  },
  {
    title: "share",
    unit: "%",
    key: "share",
    align: "right",
    text: (row) => (row.share * 100).toFixed(1),
    json: (row) => row.share,
  },
];

export const info: RunInfo = {
  tool: "bpfkit",
  version: "0.1.0",
  command: "syscall-top",
  kernel: "6.1.0-18-amd64",
  startedAt: new Date("2026-11-21T10:00:00.000Z"),
};

export const calls: readonly Call[] = [
  { name: "read", count: 1201, share: 0.6 },
  { name: "openat", count: 601, share: 0.3 },
  { name: "clock_nanosleep", count: 199, share: 0.1 },
];

/** A report of one second, the first of the run unless told otherwise. */
export function reportOf(rows: readonly Call[], overrides: Partial<Report<Call>> = {}): Report<Call> {
  return {
    startedAt: new Date("2026-11-21T10:00:00.000Z"),
    endedAt: new Date("2026-11-21T10:00:01.000Z"),
    durationNs: 1e9,
    columns,
    rows,
    totals: { count: 2001 },
    footer: ["2001 calls in 1s."],
    lost: { mapFull: 0, missedProbe: 0 },
    ...overrides,
  };
}

/** The second that follows the one of `reportOf`. */
export function nextReport(rows: readonly Call[]): Report<Call> {
  return reportOf(rows, {
    startedAt: new Date("2026-11-21T10:00:01.000Z"),
    endedAt: new Date("2026-11-21T10:00:02.500Z"),
    durationNs: 1.5e9,
  });
}

/** Rows that are all different, as many as wanted. */
export function manyCalls(count: number): Call[] {
  return Array.from({ length: count }, (_, at) => ({
    name: `call_${at}`,
    count: at * 7919,
    share: at / count,
  }));
}
