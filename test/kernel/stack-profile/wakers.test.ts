/** Who ends waits, of a program whose thread is woken eleven times by its first one. */
import { bpfkit } from "../../cli/built-bpfkit";
import { kernelTest } from "../kernel-test";
import { countOf, profiled, through, timeOf } from "./profiled";
import { program } from "./programs";

const NEEDS = ["btf", "btf-raw-tracepoint", "ring-buffer", "program:gcc"];
/** Before each byte the sender sleeps at least this long while the receiver waits. */
const LEAST_NS = 11 * 2e6;

kernelTest(NEEDS, "--wakeup: the time that ends in a wake-up, by the stack it comes from", async () => {
  const { stacks, lost } = await profiled("--wakeup", "--by", "thread", "--", program("wakes"));
  const sent = through(stacks, "main", "send_byte");
  expect(countOf(sent)).toBe(11);
  expect(new Set(sent.map(({ label }) => label)).size).toBe(1);
  expect(timeOf(sent)).toBeGreaterThanOrEqual(LEAST_NS);
  for (const { names } of sent) {
    expect(names[0]).toBe("bk-wakes");
    expect(names.at(-1)).toBe("try_to_wake_up");
  }
  // The sender itself is woken by a timer, whatever that interrupts.
  const timed = through(stacks, "[interrupt]").filter(({ label }) => label !== sent[0]?.label);
  expect(countOf(timed)).toBeGreaterThanOrEqual(11);
  expect(lost).toMatchObject({ mapFull: 0, stacksFull: 0, tasksFull: 0 });
});

kernelTest(
  NEEDS,
  "--off-cpu --wakeup: the stack that waits and the one that wakes it in one line",
  async () => {
    const folded = await bpfkit(
      ...["stack-profile", "--off-cpu", "--wakeup", "-f", "folded", "--annotate", "--", program("wakes")],
    );
    expect(folded.stdout).toMatch(
      /^bk-wakes;(.+;)?wait_byte;.+;__schedule_\[k\];--;try_to_wake_up_\[w\];.+;send_byte_\[w\];main_\[w\];(.+;)?bk-wakes_\[w\] \d+$/m,
    );
    const { stacks } = await profiled("--off-cpu", "--wakeup", "--", program("wakes"));
    const waits = through(stacks, "wait_byte");
    const sent = through(waits, "send_byte", "main");
    expect(countOf(sent)).toBe(11);
    expect(countOf(sent)).toBe(countOf(waits));
  },
);

kernelTest(NEEDS, "-U and -K show one half of wakers; interrupts stay apart", async () => {
  const user = await profiled("--wakeup", "-U", "--", program("wakes"));
  expect(countOf(through(user.stacks, "main", "send_byte"))).toBe(11);
  expect(user.stacks.flatMap(({ names }) => names)).not.toContain("try_to_wake_up");
  expect(countOf(user.stacks.filter(({ names }) => names[0] === "[interrupt]"))).toBeGreaterThanOrEqual(11);
  const kernel = await profiled("--wakeup", "-K", "--", program("wakes"));
  expect(through(kernel.stacks, "main")).toEqual([]);
  expect(countOf(through(kernel.stacks, "ksys_write"))).toBeGreaterThanOrEqual(11);
});

test("what does not go together is refused", async () => {
  for (const [args, message] of [
    [["--wakeup", "--wall"], "--wakeup"],
    [["--wakeup", "--on", "s:read"], "--wakeup"],
    [["--wakeup", "--state", "preempted"], "state: who is preempted goes on without being woken"],
    [["--wakeup", "--idle"], "idle: only the clock"],
  ] as const) {
    const { code, stderr } = await bpfkit("stack-profile", ...args);
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
  }
});
