import { processMetrics } from "../../../../src/commands/proc-count/metrics";
import { rowsOf } from "../../../../src/commands/proc-count/rows";
import { GroupWord, SIGNALS } from "../../../../src/probes/exec-groups";
import { taskFigures } from "../../../../src/probes/task-cost";

const words = new BigUint64Array(GroupWord.signals + SIGNALS);
words[GroupWord.execs] = 3n;
words[GroupWord.exits] = 2n;
words[GroupWord.alive] = 1n;
words[GroupWord.figures + taskFigures.indexOf("cpuNs")] = 1_500_000_000n;
words[GroupWord.figures + taskFigures.indexOf("majorFaults")] = 5n;
const names = { task: () => undefined, user: () => undefined, cgroup: () => undefined };
const key = { comm: "sh", args: { length: 8, text: "sh\0-c\0a b", kept: 16 } };
const parts = { cost: true, name: false };

const shown = (cost: boolean) => {
  const rows = rowsOf([{ key, words }], ["comm", "args"], parts, names, 4096);
  return Object.fromEntries(
    processMetrics(rows, { tasksFull: 7 }, { by: ["comm", "args"], cost }).map(({ name, values }) => [
      name,
      values,
    ]),
  );
};

const labels = { comm: "sh", args: "sh -c 'a b'" };

test("without costs it is executions and losses", () =>
  expect(shown(false)).toEqual({
    bpfkit_process_execs_total: [{ labels, value: 3 }],
    bpfkit_lost_events_total: [{ labels: { reason: "tasks_full" }, value: 7 }],
  }));

test("with costs seconds are seconds, and kinds are told apart by a label", () =>
  expect(shown(true)).toMatchObject({
    bpfkit_process_cpu_seconds_total: [{ labels, value: 1.5 }],
    bpfkit_process_page_faults_total: [
      { labels: { ...labels, kind: "minor" }, value: 0 },
      { labels: { ...labels, kind: "major" }, value: 5 },
    ],
    bpfkit_process_exits_total: [{ labels, value: 2 }],
    bpfkit_processes_running: [{ labels, value: 1 }],
  }));
