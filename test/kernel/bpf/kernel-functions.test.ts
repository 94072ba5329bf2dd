/** Programs on kernel functions. Where the kernel has no such probes, what it says instead. */
import { readFileSync } from "node:fs";
import { features } from "../../../src/bpf/features";
import type { Hook } from "../../../src/bpf/program-spec";
import { Session } from "../../../src/bpf/session";
import { kernelTest, runningKernel } from "../kernel-test";
import { counting, counts } from "./counting";

const pid = process.pid;

/** Reading /proc/self/comm runs this function once for each read. */
const FUNCTION = "comm_show";

function counted(hook: Hook): number {
  using session = Session.open(runningKernel(), counting(pid, hook));
  for (let i = 0; i < 23; i++) readFileSync("/proc/self/comm");
  session.detach();
  return session.mappedArray(counts).get(0).mine;
}

/** The offset 0 of a traced function may hold a call; kprobes know, so it is enough. */
const kprobe = { kind: "kprobe", name: FUNCTION, offset: 0 } as const;

kernelTest(["kprobe"], "kprobe", () => {
  expect(counted(kprobe)).toBe(23);
});

kernelTest(["kretprobe"], "kretprobe", () => {
  expect(counted({ kind: "kretprobe", name: FUNCTION })).toBe(23);
});

kernelTest(["kprobe-multi"], "kprobe.multi at entry and return", () => {
  for (const atReturn of [false, true])
    expect(counted({ kind: "kprobe-multi", name: FUNCTION, functions: [FUNCTION], atReturn })).toBe(23);
});

for (const kind of ["fentry", "fexit"] as const)
  kernelTest([kind], kind, () => {
    expect(counted({ kind, name: FUNCTION })).toBe(23);
  });

kernelTest(["fentry", "attach-cookie"], "fentry with a cookie", () => {
  // Cookies of fentry programs came later than those of perf events, with Linux 5.19.
  if (!runningKernel().facts.isAtLeast(5, 19)) return;
  expect(counted({ kind: "fentry", name: FUNCTION, cookie: 7n })).toBe(23);
});

kernelTest(["kprobe"], "a kprobe on a function that does not exist", () => {
  expect(() => counted({ kind: "kprobe", name: "comm_shwo" })).toThrow(
    expect.objectContaining({
      name: "NotSupportedError",
      message: 'attach kprobe to "comm_shwo": this kernel has no function of that name',
      hint: 'did you mean "comm_show"?',
    }),
  );
});

kernelTest(["kprobe-multi"], "kprobe.multi with a function that does not exist", () => {
  const functions = [FUNCTION, "no_such_function"];
  expect(() => counted({ kind: "kprobe-multi", name: "x", functions })).toThrow(
    "a function is missing, or cannot be probed",
  );
});

const lacks = (name: "kprobe" | "kprobe-multi" | "fentry") =>
  features(runningKernel()).state(name) === "missing";

kernelTest(["raw-tracepoint"], "what a kernel without them says", () => {
  if (lacks("kprobe"))
    expect(() => counted(kprobe)).toThrow(
      expect.objectContaining({ name: "NotSupportedError", message: "kprobe: this kernel has no kprobes" }),
    );
  if (lacks("kprobe-multi"))
    expect(() => counted({ kind: "kprobe-multi", name: FUNCTION, functions: [FUNCTION] })).toThrow(
      `attach kprobe.multi to "${FUNCTION}": this kernel has no kprobe.multi`,
    );
  if (lacks("fentry"))
    for (const kind of ["fentry", "fexit"] as const)
      expect(() => counted({ kind, name: FUNCTION })).toThrow(
        expect.objectContaining({
          name: "NotSupportedError",
          hint: expect.stringContaining("use kprobe, or a tracepoint instead"),
        }),
      );
  expect(() => counted({ kind: "fentry", name: "comm_shwo" })).toThrow(
    expect.objectContaining({
      message: 'fentry of "comm_shwo": no function of that name in BTF',
      hint: 'did you mean "comm_show"?',
    }),
  );
});
