/** What fits nowhere else. */
import { BpfCmd, MapType, ProgType, StatsType } from "../../core/bpf-uapi";
import { errno } from "../../core/errno";
import { EnableStats, TestRun } from "../attr-layouts";
import type { Feature } from "./feature";
import { readMemoryLock } from "./memory-lock";
import { lacks, type Outcome, outcomeOf, unclear, works } from "./outcome";
import { LOAD, returnZero } from "./programs";
import type { Trial } from "./trial";

export const otherFeatures = {
  "raw-tracepoint-test-run": {
    title: "running a raw tracepoint program once (BPF_PROG_TEST_RUN)",
    group: "others",
    since: "5.10",
    probe: testRun,
  },
  "bpf-stats": {
    title: "run time of programs (BPF_ENABLE_STATS)",
    group: "others",
    since: "5.8",
    rights: ["CAP_SYS_ADMIN"],
    probe: (trial) =>
      outcomeOf(
        "bpf(BPF_ENABLE_STATS)",
        trial.open(BpfCmd.BPF_ENABLE_STATS, EnableStats, { type: StatsType.BPF_STATS_RUN_TIME }),
      ),
  },
  "memlock-accounting": {
    title: "maps and programs count against RLIMIT_MEMLOCK",
    group: "others",
    since: "3.19, until 5.11",
    property: true,
    probe: memoryLock,
  },
} as const satisfies Record<string, Feature>;

function testRun(trial: Trial): Outcome {
  const progFd = trial.program({ type: ProgType.BPF_PROG_TYPE_RAW_TRACEPOINT, code: returnZero });
  if (progFd < 0) return outcomeOf(LOAD, progFd);
  return outcomeOf("bpf(BPF_PROG_TEST_RUN)", trial.bpf(BpfCmd.BPF_PROG_TEST_RUN, TestRun, { progFd }));
}

/** Creates a map while nothing may be locked in memory. The limit is that of this process, and put back. */
function memoryLock(trial: Trial): Outcome {
  const create = () =>
    trial.map({ mapType: MapType.BPF_MAP_TYPE_ARRAY, keySize: 4, valueSize: 8, maxEntries: 1 });
  const limit = readMemoryLock();
  const lowered = trial.sys.setMemoryLock({ ...limit, soft: 0n });
  if (lowered < 0) return outcomeOf("prlimit64", lowered);
  let without: number;
  try {
    without = create();
  } finally {
    trial.sys.setMemoryLock(limit);
  }
  if (without >= 0) return lacks("the limit does not matter");
  const withLimit = create();
  if (without === -errno.EPERM && withLimit >= 0) return works("raised when needed, given back afterwards");
  const outcome = outcomeOf("bpf(BPF_MAP_CREATE)", without);
  return outcome.kind === "lacks" ? unclear(outcome.detail) : outcome;
}
