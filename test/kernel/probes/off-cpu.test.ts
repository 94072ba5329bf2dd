/** Waits whose end no program saw. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { atomicAdd, call, exit, fp, jump, label, load, mov, r0, r1, r2, r6, store } from "../../../src/asm";
import { sub } from "../../../src/asm/alu";
import { helper } from "../../../src/asm/helper-ids";
import { update } from "../../../src/asm/macros/map";
import { loadImm64, loadMapValue } from "../../../src/asm/memory";
import type { KernelFacts } from "../../../src/bpf/facts";
import { type MapSpec, mappableArray } from "../../../src/bpf/map-spec";
import type { ProgramSpec } from "../../../src/bpf/program-spec";
import { Session } from "../../../src/bpf/session";
import { stackProbe } from "../../../src/commands/stack-profile/probe";
import { count64 } from "../../../src/core/codec";
import { NS_PER } from "../../../src/core/units";
import { type OffCpu, requireSchedulerTypes } from "../../../src/probes/off-cpu";
import type { StackKey } from "../../../src/probes/stack-tally";
import { kernelTest } from "../kernel-test";
import { until } from "../syscall-top/workload";

/** Since it left; of these it has been back for so long. */
const AWAY_NS = 50 * NS_PER.s;
const BACK_NS = 20 * NS_PER.s;
const BYTES = 23;

const noted: StackKey = { kernel: 0n, user: 0n, comm: "unseen", pid: 1, state: 1 };
const leaves = mappableArray("leaves", count64, 1);

/**
 * Some kernels run no programs at the switch away from one of their own threads, so that nobody sees the next task come.
 * As no test can choose when, this program makes it look so: whenever the task leaves, it is noted as waiting.
 */
function asIfUnseen({ away }: OffCpu, pid: number, facts: KernelFacts): ProgramSpec {
  const other = label("other");
  const valueAt = -8 - away.value.size;
  const value = new DataView(new ArrayBuffer(away.value.size));
  away.value.encode(value, 0, { startNs: 0, ranNs: 0, key: noted });
  const words = Array.from({ length: away.value.size / 8 }, (_, i) => 8 * i);
  const task = (member: string) => requireSchedulerTypes(facts).requireMember("task_struct", member).offset;
  return {
    name: "as_if_unseen",
    hook: { kind: "btf-raw-tracepoint", name: "sched_switch" },
    code: [
      [mov(r6, r1), load(8, r1, r6, 8), load(4, r1, r1, task("pid"))],
      [jump.ne(r1, pid, other), store(8, fp, -8, r1)],
      words.map((word) => [loadImm64(r1, value.getBigUint64(word, true)), store(8, fp, valueAt + word, r1)]),
      [call(helper.ktimeGetNs), loadImm64(r1, BigInt(AWAY_NS)), sub(r0, r1), store(8, fp, valueAt, r0)],
      [load(8, r1, r6, 8), load(8, r1, r1, task("se.sum_exec_runtime")), loadImm64(r2, BigInt(BACK_NS))],
      [sub(r1, r2), store(8, fp, valueAt + 8, r1), update(away, -8, valueAt)],
      [loadMapValue(r1, leaves), mov(r2, 1), atomicAdd(8, r1, 0, r2)],
      [other, mov(r0, 0), exit()],
    ],
  };
}

kernelTest(["btf", "btf-raw-tracepoint", "ring-buffer"], "a return that nobody saw", async ({ kernel }) => {
  const child = spawn("cat", { stdio: ["pipe", "pipe", "ignore"] });
  const pid = child.pid as number;
  const asleep = () => /\) S /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  try {
    const { spec, off, tally } = stackProbe(
      {
        ...{ measure: "off-cpu", by: "comm", filter: { pids: [pid] }, follow: false },
        ...{ kernel: true, user: false, waker: false, idle: false, preempted: false, minNs: 0 },
        ...{ frequency: 49, maxStacks: 1024, isRepeated: false, ourselves: { pid: process.pid } },
      },
      kernel.facts,
    );
    const programs = [asIfUnseen(off as OffCpu, pid, kernel.facts), ...spec.programs];
    using session = Session.open(kernel, { maps: [...spec.maps, leaves as MapSpec], programs });
    for (let i = 0; i < BYTES; i++) {
      child.stdin.write("x");
      await once(child.stdout, "data");
      await until("it waits", asleep);
    }
    const expected = session.mappedArray(leaves).get(0);
    session.detach();
    const counts = session.map(tally.counts.map).entries();
    const [weight] = counts.filter(([{ comm }]) => comm === noted.comm).map(([, each]) => each);
    expect(expected).toBeGreaterThanOrEqual(BYTES);
    expect(weight?.count).toBe(expected);
    const each = (weight?.total ?? 0) / expected;
    expect(each).toBeGreaterThan(AWAY_NS - BACK_NS - NS_PER.s);
    expect(each).toBeLessThan(AWAY_NS - NS_PER.s);
  } finally {
    child.kill("SIGKILL");
  }
});
