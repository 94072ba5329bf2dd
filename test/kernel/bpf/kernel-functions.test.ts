/** Programs on kernel functions. Where the kernel has no such probes, what it says instead. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { features } from "../../../src/bpf/features";
import type { Hook } from "../../../src/bpf/program-spec";
import { Session } from "../../../src/bpf/session";
import { kernelTest, runningKernel } from "../kernel-test";
import { counting, counts } from "./counting";
import { mounted } from "./mounted";

const pid = process.pid;

/** Reading /proc/self/comm runs this function once for each read. */
const FUNCTION = "comm_show";

function counted(hook: Hook, path = "/proc/self/comm"): number {
  using session = Session.open(runningKernel(), counting(pid, hook));
  for (let i = 0; i < 23; i++) readFileSync(path);
  session.detach();
  return session.mappedArray(counts).get(0).mine;
}

/** Two folders to lay one over the other, with a file in the first. */
function overlayLayers(): Disposable & { readonly folder: string } {
  const folder = mkdtempSync("/run/bpfkit-");
  for (const name of ["one", "two"]) mkdirSync(join(folder, name));
  writeFileSync(join(folder, "one", "file"), "here\n");
  return { folder, [Symbol.dispose]: () => rmSync(folder, { recursive: true }) };
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

for (const kind of ["fentry", "fexit"] as const)
  kernelTest(["module-btf", kind, "module:overlay"], `${kind} of a module's function`, () => {
    // Opening a file of an overlay runs ovl_open once, and what is beneath in /run, a tmpfs, does not.
    using layers = overlayLayers();
    using overlay = mounted("overlay", `lowerdir=${layers.folder}/one:${layers.folder}/two`);
    const path = join(overlay.folder, "file");
    expect(counted({ kind, name: "ovl_open", module: "overlay" }, path)).toBe(23);
    expect(() => counted({ kind, name: FUNCTION, module: "overlay" }, path)).toThrow(
      `${kind} of "${FUNCTION}": no function of that name in BTF`,
    );
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
