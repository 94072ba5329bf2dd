/** Maps whose entries only programs can read or write: every operation, and a program at the other end. */
import { readFileSync } from "node:fs";
import { type Block, call, exit, helper, loadMap, mov, r1, r2, r3 } from "../../../src/asm";
import type { Kernel } from "../../../src/bpf/kernel";
import { cgroupArray, perfEventArray } from "../../../src/bpf/map-spec";
import { stackTraceMap } from "../../../src/bpf/stack-trace-spec";
import { errno } from "../../../src/core/errno";
import { cgroupMountOf } from "../../../src/sys/mounts";
import { kernelTest } from "../kernel-test";
import { pinning } from "./with-pin";

const withPin = pinning();

/** Runs the code once and gives r0. */
function run(kernel: Kernel, map: { readonly number: number }, code: Block): number {
  const hook = { kind: "raw-tracepoint", name: "task_rename" } as const;
  using program = kernel.load({ name: "operations", hook, code }, () => map.number);
  return program.testRun() | 0;
}

kernelTest(["cgroup-array"], "cgroup-array: a program asks it", ({ kernel }) => {
  const mount = cgroupMountOf(readFileSync("/proc/self/mountinfo", "utf8"));
  if (mount === undefined) throw new Error("no cgroup v2");
  const spec = cgroupArray("map", 5);
  using map = kernel.createMap(spec);
  const under = () =>
    run(kernel, map, [loadMap(r1, spec), mov(r2, 3), call(helper.currentTaskUnderCgroup), exit()]);
  expect(under()).toBe(-errno.EAGAIN);
  const cgroup = kernel.sys.open(mount);
  try {
    expect(map.update(3, cgroup)).toBe(true);
  } finally {
    kernel.sys.close(cgroup);
  }
  // All are below the root.
  expect(under()).toBe(1);
  expect(() => map.lookup(3)).toThrow(expect.objectContaining({ name: "NotSupportedError" }));
  withPin(
    (path) => map.pin(path),
    (source) => {
      using again = kernel.openMap(spec, source);
      expect([again.delete(3), again.delete(3), under()]).toEqual([true, false, -errno.EAGAIN]);
    },
  );
});

kernelTest(["stack-trace"], "stack-trace: filled by a program, read and emptied", ({ kernel }) => {
  const spec = stackTraceMap("map", { maxEntries: 64, depth: 32 });
  using map = kernel.createMap(spec);
  // The context of a test run is of no use to the helper that unwinds by it; the stack of the caller is.
  const code: Block = [[mov(r3, 0), loadMap(r2, spec), call(helper.getStackid), exit()]];
  const id = run(kernel, map, code);
  expect(id).toBeGreaterThanOrEqual(0);
  const stack = map.lookup(id) ?? new BigUint64Array();
  expect(stack.length).toBeGreaterThan(1);
  // Kernel addresses lie in the upper half.
  expect([...stack].every((address) => address > 2n ** 63n)).toBe(true);
  expect([...map.keys()]).toEqual([id]);
  expect(map.entries()).toEqual([[id, stack]]);
  withPin(
    (path) => map.pin(path),
    (source) => {
      using again = kernel.openMap(spec, source);
      expect(again.lookup(id)).toEqual(stack);
      expect([again.delete(id), again.delete(id), map.lookup(id)]).toEqual([true, false, undefined]);
    },
  );
  expect(() => map.update(1, new BigUint64Array(32))).toThrow(expect.objectContaining({ code: "EINVAL" }));
});

kernelTest(["perf-event-array"], "perf-event-array: pinned and opened again", ({ kernel }) => {
  const spec = perfEventArray("map", kernel.facts.possibleCpus);
  using map = kernel.createMap(spec);
  withPin(
    (path) => map.pin(path),
    (source) => {
      using again = kernel.openMap(spec, source);
      expect([again.details().id, again.delete(0)]).toEqual([map.details().id, false]);
      expect(() => again.update(0, 0)).toThrow(expect.objectContaining({ name: "SyscallError" }));
    },
  );
});
