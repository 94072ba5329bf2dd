/** What was counted as Prometheus names it. Pure. */
import { NS_PER } from "../../core/units";
import type { ExecDimension } from "../../probes/exec-key";
import { lossMetric, type Metric, type MetricLabels, type SimpleMetric } from "../metric";
import { LABELS } from "./columns";
import type { ExecRow } from "./rows";

type Figure = (row: ExecRow) => number;

/** A metric, or several figures of one kind that a label tells apart. */
interface Shown {
  readonly name: string;
  readonly help: string;
  readonly kind?: "counter" | "gauge";
  readonly of: Figure | Readonly<Record<string, Readonly<Record<string, Figure>>>>;
}

const EXECS: Shown = {
  name: "bpfkit_process_execs_total",
  help: "programs executed",
  of: ({ count }) => count,
};

/** User and system time are no counters: how the exact time divides changes as clock ticks come in. */
const COSTS: readonly Shown[] = [
  {
    name: "bpfkit_process_cpu_seconds_total",
    help: "processor time",
    of: ({ cpuNs }) => cpuNs / NS_PER.s,
  },
  {
    name: "bpfkit_process_run_queue_seconds_total",
    help: "time that threads were ready to run and waited for a processor",
    of: ({ runQueueNs }) => runQueueNs / NS_PER.s,
  },
  {
    name: "bpfkit_process_context_switches_total",
    help: "context switches",
    of: {
      kind: {
        voluntary: ({ voluntarySwitches }) => voluntarySwitches,
        involuntary: ({ involuntarySwitches }) => involuntarySwitches,
      },
    },
  },
  {
    name: "bpfkit_process_page_faults_total",
    help: "page faults",
    of: { kind: { minor: ({ minorFaults }) => minorFaults, major: ({ majorFaults }) => majorFaults } },
  },
  {
    name: "bpfkit_process_disk_bytes_total",
    help: "bytes read from disks and written to them",
    of: { direction: { read: ({ readBytes }) => readBytes, written: ({ writtenBytes }) => writtenBytes } },
  },
  { name: "bpfkit_process_forks_total", help: "processes created", of: ({ forks }) => forks },
  { name: "bpfkit_process_exits_total", help: "processes ended", of: ({ exits }) => exits },
  {
    name: "bpfkit_process_failures_total",
    help: "processes that ended with a status other than 0",
    of: ({ failed }) => failed,
  },
  { name: "bpfkit_process_kills_total", help: "processes ended by a signal", of: ({ killed }) => killed },
  {
    name: "bpfkit_processes_running",
    help: "processes that run",
    kind: "gauge",
    of: ({ running }) => running,
  },
  {
    name: "bpfkit_process_max_resident_bytes",
    help: "the most memory that one of the processes has had",
    kind: "gauge",
    of: ({ maxRssBytes }) => maxRssBytes,
  },
];

/** The metrics of all rows, with all that was lost since the beginning. */
export function processMetrics(
  rows: readonly ExecRow[],
  lost: Readonly<Record<string, number>>,
  { by, cost }: { readonly by: readonly ExecDimension[]; readonly cost: boolean },
): Metric[] {
  const columns = by.flatMap((dimension) => LABELS[dimension]);
  const labelled = rows.map((row) => ({
    row,
    labels: Object.fromEntries(columns.map(({ key, text }) => [key, text(row)])),
  }));
  const metrics = [EXECS, ...(cost ? COSTS : [])].map(
    ({ name, help, kind = "counter", of }): SimpleMetric => ({
      name,
      help,
      kind,
      values: labelled.flatMap(({ row, labels }) => valuesOf(row, labels, of)),
    }),
  );
  return [...metrics, lossMetric(lost)];
}

function valuesOf(row: ExecRow, labels: MetricLabels, of: Shown["of"]): SimpleMetric["values"] {
  if (typeof of === "function") return [{ labels, value: of(row) }];
  return Object.entries(of).flatMap(([label, figures]) =>
    Object.entries(figures).map(([text, figure]) => ({
      labels: { ...labels, [label]: text },
      value: figure(row),
    })),
  );
}
