import { syscallMetrics } from "../../../../src/commands/syscall-top/metrics";

const stats = { count: 7, failed: 2, totalNs: 900, maxNs: 500, histogram: [40, 7] };
const groups = [{ labels: { pid: 12, comm: "sh", nr: 0, syscall: "read", abi: "x86-64" as const }, stats }];
const labels = { pid: "12", comm: "sh", syscall: "read", abi: "x86-64" };
const lost = {
  name: "bpfkit_lost_events_total",
  kind: "counter",
  values: [{ labels: { reason: "map_full" }, value: 3 }],
};
const counter = (name: string, value: number) => ({ name, kind: "counter", values: [{ labels, value }] });

test.each([
  ["counted", {}, [counter("bpfkit_syscall_calls_total", 7), lost]],
  [
    "with errors",
    { errors: true },
    [counter("bpfkit_syscall_calls_total", 7), counter("bpfkit_syscall_failures_total", 2), lost],
  ],
  // Then what is counted has failed.
  ["failures alone", { failuresOnly: true }, [counter("bpfkit_syscall_failures_total", 7), lost]],
  [
    "timed",
    { latency: true },
    [
      counter("bpfkit_syscall_calls_total", 7),
      {
        name: "bpfkit_syscall_duration_seconds",
        kind: "histogram",
        values: [{ labels, count: 7, totalNs: 900, histogram: [40, 7] }],
      },
      lost,
    ],
  ],
])("%s", (_name, more, expected) => {
  const options = { latency: false, errors: false, failuresOnly: false, ...more };
  expect(syscallMetrics(groups, { mapFull: 3 }, options)).toMatchObject(expected);
});
