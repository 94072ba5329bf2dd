/** The calls that threads are in right now, as a report. Pure. */
import { timeScale, wholeText } from "../../output/figures";
import type { Column, Report } from "../../output/report";
import type { ThreadCallValue } from "../../probes/thread-calls";
import { type Abi, compatAbis, syscallName } from "../../symbols/syscalls";
import type { Span } from "./report";

/** A call entered and not yet returned. */
export interface InFlightRow {
  readonly pid: number;
  readonly tid: number;
  readonly comm: string;
  readonly nr: number;
  readonly syscall: string;
  readonly ageNs: number;
}

/** The rows of these calls at the time `nowNs` (CLOCK_MONOTONIC), the oldest first. */
export function inFlightRows(
  calls: readonly ThreadCallValue[],
  nowNs: bigint,
  native: Abi,
  nameOf: (tid: number) => string | undefined,
): InFlightRow[] {
  const abis = [native, ...compatAbis(native)];
  return calls
    .map(({ pid, tid, number, abi, startNs }) => ({
      pid,
      tid,
      comm: nameOf(tid) ?? "?",
      nr: number,
      syscall: syscallName(abis[abi] ?? native, number),
      // A call may have begun after the clock was read.
      ageNs: Math.max(0, Number(nowNs - BigInt(startNs))),
    }))
    .sort((a, b) => b.ageNs - a.ageNs || a.tid - b.tid);
}

/** The report of the calls in flight at the end of a span. */
export function inFlightReport(
  rows: readonly InFlightRow[],
  span: Span,
  lost: Readonly<Record<string, number>>,
  top: number,
): Report<InFlightRow> {
  const shown = rows.slice(0, top);
  const sentence =
    shown.length < rows.length
      ? `In flight: ${rows.length} calls; shown: the ${shown.length} oldest.`
      : `In flight: ${rows.length} calls.`;
  return {
    ...span,
    columns: columnsOf(shown),
    rows: shown,
    totals: { inFlight: rows.length, shownRows: shown.length },
    footer: [sentence, "Calls entered before the tracing began are not known."],
    lost,
  };
}

function columnsOf(rows: readonly InFlightRow[]): Column<InFlightRow>[] {
  const age = timeScale(rows[0]?.ageNs ?? 0);
  const whole = (key: "pid" | "tid" | "nr"): Column<InFlightRow> => ({
    title: key,
    key,
    align: "right",
    text: (row) => wholeText(row[key]),
    json: (row) => row[key],
  });
  const words = (key: "comm" | "syscall"): Column<InFlightRow> => ({
    title: key,
    key,
    text: (row) => row[key],
    json: (row) => row[key],
  });
  return [
    whole("pid"),
    whole("tid"),
    words("comm"),
    whole("nr"),
    words("syscall"),
    {
      title: "age",
      unit: age.unit,
      key: "ageNs",
      align: "right",
      text: (row) => age.text(row.ageNs),
      json: (row) => row.ageNs,
    },
  ];
}
