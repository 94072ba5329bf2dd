/** Counters of one's own: tracepoints, functions and system calls. */
import { mounted } from "../bpf/mounted";
import { kernelTest } from "../kernel-test";
import { runCommand } from "../run-command";
import { endWorkloads, started } from "./workload";

const NEEDS = ["raw-tracepoint", "btf-raw-tracepoint", "mmapable-array"];

afterAll(endWorkloads);

/** What these counters, and with `sum` this number of theirs, come to while the workload does its steps. */
async function totals(
  kernel: Parameters<typeof runCommand>[0],
  steps: string,
  events: string,
  ...more: readonly string[]
): Promise<Record<string, unknown>> {
  const workload = await started(steps);
  const args = ["dashboard", "--once", "-p", String(workload.pid), "--events", events, ...more];
  const { rows, lost } = await runCommand(kernel, args, () => workload.work());
  await workload.end();
  expect(lost).toEqual({ missedRuns: 0 });
  return Object.fromEntries(rows.map(({ counter, total }) => [String(counter), total]));
}

kernelTest([...NEEDS, "tracepoint"], "a tracepoint, counted and by a field", async ({ kernel }) => {
  using _tracefs = mounted("tracefs");
  const name = "t:net:net_dev_queue";
  expect(await totals(kernel, "u101", name)).toEqual({ [name]: 101 });
  expect(await totals(kernel, "u101", name, "--sum", "len")).toEqual({ [name]: 101 * (13 + 8 + 20 + 14) });
});

kernelTest(
  [...NEEDS, "tracepoint"],
  "a field that is none is refused with the nearest",
  async ({ kernel }) => {
    using _tracefs = mounted("tracefs");
    const args = ["dashboard", "--once", "--events", "t:net:net_dev_queue", "--sum", "lenn"];
    await expect(runCommand(kernel, args, () => {})).rejects.toMatchObject({
      message: 'sum: tracepoint "net:net_dev_queue" has no number "lenn"',
      hint: 'did you mean "len"?',
    });
  },
);

kernelTest(NEEDS, "system calls, one and by a pattern, beside a counter of the list", async ({ kernel }) => {
  expect(await totals(kernel, "r1009:u53", "s:sendto,reads,s:send*")).toEqual({
    "s:sendto": 53,
    reads: 1010,
    "s:send*": 53,
  });
  const { "s:read": reads } = await totals(kernel, "r1009", "s:read");
  // At the end it enters a read from which it has not come back.
  expect(reads).toBe(1009 + 1);
});

kernelTest(NEEDS, "an argument of a system call, added up", async ({ kernel }) => {
  expect(await totals(kernel, "u1009", "s:sendto", "--sum", "len")).toEqual({ "s:sendto": 1009 * 13 });
});

kernelTest([...NEEDS, "uprobe"], "functions of a program, counted and by an argument", async ({ kernel }) => {
  expect(await totals(kernel, "u211:c0", ":sendto,s:sendto")).toEqual({ ":sendto": 211, "s:sendto": 211 });
  expect(await totals(kernel, "u211", ":sendto", "--sum", "arg3")).toEqual({ ":sendto": 211 * 13 });
});

// Each by itself: to read all names of the kernel takes long on an emulated machine.
kernelTest([...NEEDS, "kprobe"], "functions of the kernel, counted", async ({ kernel }) => {
  expect(await totals(kernel, "o211:r0", "vfs_open")).toEqual({ vfs_open: 212 });
});

kernelTest([...NEEDS, "kprobe"], "functions of the kernel, by an argument", async ({ kernel }) => {
  expect(await totals(kernel, "r101", "vfs_read", "--sum", "count")).toEqual({ vfs_read: 101 * 7 + 1 });
});

kernelTest([...NEEDS, "uprobe"], "functions are counted in all that COMMAND starts", async ({ kernel }) => {
  const args = ["dashboard", "--once", "--events", "libc:/^v?fork$/,forks"];
  const { rows } = await runCommand(kernel, args, ["sh", "-c", "/bin/true; /bin/true; /bin/true; exit 0"]);
  expect(rows).toMatchObject([{ total: 3 }, { counter: "forks", total: 3 }]);
});
