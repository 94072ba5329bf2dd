/** Intervals and alerts on a real kernel. */
import { kernelTest } from "../kernel-test";
import { runCommand } from "../run-command";
import { until } from "../syscall-top/workload";
import { endWorkloads, started } from "./workload";

const NEEDS = ["raw-tracepoint", "btf-raw-tracepoint", "mmapable-array"];

afterAll(endWorkloads);

kernelTest(NEEDS, "each interval has its own count, and all have the total", async ({ kernel }) => {
  const workload = await started("o1009");
  const args = ["dashboard", "-i", "200ms", "-p", String(workload.pid), "--events", "opens"];
  const { output } = await runCommand(kernel, args, async (made) => {
    await until("an idle interval was reported", () => made.reports.length >= 1);
    await workload.work();
    const seen = made.reports.length;
    await until("two more intervals were reported", () => made.reports.length >= seen + 2);
  });
  await workload.end();
  const rows = output.reports.map((_, index) => output.rows(index)[0]);
  expect(rows[0]).toMatchObject({ counter: "opens", total: 0, count: 0 });
  expect(rows.reduce((sum, row) => sum + Number(row?.["count"]), 0)).toBe(1009);
  expect(rows.at(-1)).toMatchObject({ total: 1009, minPerSecond: 0 });
  expect(Number(rows.at(-1)?.["maxPerSecond"])).toBeGreaterThan(1009);
});

kernelTest(NEEDS, "an alert fires once, clears, and is the outcome with --check", async ({ kernel }) => {
  const workload = await started("o1009");
  const alert = "opens > 100/s clear < 10/s";
  const args = [
    "dashboard",
    "-i",
    "200ms",
    "-p",
    String(workload.pid),
    "--events",
    "opens",
    "--check",
    "--alert",
    alert,
  ];
  const { output, outcome } = await runCommand(
    kernel,
    args,
    async (made) => {
      await workload.work();
      const states = () => made.reports.flatMap((_, index) => made.rows(index)).map((row) => row["state"]);
      await until("the alert was cleared", () => states().includes("cleared"));
    },
    "ndjson",
  );
  await workload.end();
  const events = output.reports.flatMap((_, index) => output.rows(index)).filter((row) => "state" in row);
  expect(events).toMatchObject([
    { alert, state: "fired", counter: "opens", figure: "rate", limit: 100 },
    { alert, state: "cleared" },
  ]);
  expect(outcome).toEqual({ lost: 0, alerted: true });
});

kernelTest(NEEDS, "an alert that does not fire leaves the outcome alone", async ({ kernel }) => {
  const workload = await started("o11");
  const args = ["dashboard", "--once", "-p", String(workload.pid), "--check", "--alert", "total opens > 11"];
  const { outcome, totals } = await runCommand(kernel, args, () => workload.work());
  await workload.end();
  expect(outcome).toEqual({ lost: 0, alerted: false });
  expect(totals).toMatchObject({ alertsFired: 0, alertsFiring: 0 });
});

kernelTest(
  [...NEEDS, "bpf-stats"],
  "--cost counts the runs of programs and their time",
  async ({ kernel }) => {
    const workload = await started("o1009");
    const args = ["dashboard", "--once", "-p", String(workload.pid), "--events", "opens", "--cost"];
    const { totals, output } = await runCommand(kernel, args, () => workload.work());
    await workload.end();
    // The program runs at the returns of other processes' calls too, to find that they are not asked for.
    expect(totals["programRuns"]).toBeGreaterThanOrEqual(1009);
    expect(totals["programNs"]).toBeGreaterThan(0);
    expect(output.reports.at(-1)?.footer.join()).toMatch(/Programs: \d+ runs, \d+ ns each, [\d.]+ % of one/);
  },
);
