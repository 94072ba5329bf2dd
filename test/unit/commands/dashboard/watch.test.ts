/** A whole run of the dashboard on a clock that only sleeping moves. */
import type { Session } from "../../../../src/bpf/session";
import { parseCommandLine } from "../../../../src/cli/command-line";
import { commands } from "../../../../src/commands";
import type { Options } from "../../../../src/commands/dashboard/options";
import { dashboardProbe } from "../../../../src/commands/dashboard/probe";
import { watch } from "../../../../src/commands/dashboard/watch";
import { fakeClock } from "../fake-clock";
import { fakeContext } from "../fake-context";
import { fakeMachine } from "../fake-machine";
import { madeUpKernel } from "./made-up-kernel";

/** Runs with these options, while so many files are opened in each second. */
async function run(opens: readonly number[], ...args: readonly string[]) {
  const { clock } = fakeClock();
  const ourselves = { pid: 4242, code: [] };
  const probe = dashboardProbe(
    { counters: ["opens"], own: [], filter: {}, follow: false, ourselves, byProcess: false },
    madeUpKernel(),
  );
  const words = new BigUint64Array(probe.shards * probe.stride);
  let second = 0;
  const context = fakeContext({
    clock: {
      ...clock,
      async sleep(ns, signal) {
        await clock.sleep(ns, signal);
        // One processor after the other: what counts is their sum.
        const shard = second % probe.shards;
        words[shard * probe.stride] = (words[shard * probe.stride] as bigint) + BigInt(opens[second++] ?? 0);
      },
    },
  });
  const line = ["dashboard", "--events", "opens", "-d", String(opens.length), ...args];
  const invocation = parseCommandLine(line, commands, fakeMachine);
  if (invocation.kind !== "run") throw new Error("the command line answered");
  const session = {
    mappedArray: () => ({ words }),
    recursionMisses: () => 0,
    detach() {},
  } as unknown as Session;
  const outcome = await watch({
    context: context.context,
    given: invocation.options as unknown as Options,
    session,
    probe,
    watched: [{ name: "opens", unit: "events" }],
    probeBehind: () => probe,
  });
  return { outcome, notices: context.notices, output: context.output };
}

const ALERT = ["--check", "--alert", "opens > 100/s for 3s clear < 50/s"];

test("an alert fires after its time and stays until the other limit is crossed", async () => {
  const { outcome, notices, output } = await run([200, 200, 90, 150, 150, 150, 60, 120, 40, 200], ...ALERT);
  expect(notices).toEqual([
    "alert fired: opens > 100/s for 3s clear < 50/s (rate is 150/s)",
    "alert cleared: opens > 100/s for 3s clear < 50/s (rate is 40.0/s)",
  ]);
  const marks = output.reports.map((_, at) => output.rows(at)[0]?.["alerts"]);
  expect(marks).toEqual([0, 0, 0, 0, 0, 1, 1, 1, 0, 0]);
  expect(outcome).toEqual({ lost: 0, alerted: true });
});

test("what does not last long enough changes nothing", async () => {
  const { outcome, notices } = await run([200, 200, 100, 200, 200, 0], ...ALERT);
  expect({ outcome, notices }).toEqual({ outcome: { lost: 0, alerted: false }, notices: [] });
});

test("--once reports the whole time, whatever its intervals", async () => {
  const { output } = await run([7, 0, 3, 2], "--once");
  expect(output.reports.length).toBe(1);
  expect(output.rows()).toMatchObject([
    { counter: "opens", total: 12, count: 12, ratePerSecond: 3, minPerSecond: 0, maxPerSecond: 7 },
  ]);
});
