import { statSync } from "node:fs";
import { thisMachine } from "../../../src/cli/machine";

test("processes and threads of this machine", () => {
  const machine = thisMachine();
  expect(machine.processOf(process.pid)).toBe(process.pid);
  // Above PID_MAX_LIMIT, include/linux/threads.h.
  expect(machine.processOf(4194305)).toBeUndefined();
  expect(machine.commOf(process.pid)).toMatch(/^(node|MainThread|jest)/);
  expect(machine.commOf(4194305)).toBeUndefined();
  expect(machine.namespaceOf(process.pid, "pid")).toBe(statSync("/proc/self/ns/pid").ino);
  expect(machine.namespaceOf(process.pid, "mnt")).toBe(statSync("/proc/self/ns/mnt").ino);
  expect(machine.namespaceOf(4194305, "pid")).toBeUndefined();
  expect(machine.users().idOf("root")).toBe(0);
  expect(machine.possibleCpus()?.[0]).toBe(0);
});

test("where there is no /proc nothing is objected to", () => {
  const machine = thisMachine("/nonexistent");
  expect(machine.processOf(4194305)).toBe(4194305);
  expect(machine.cgroupMount()).toBeUndefined();
  expect(machine.cgroup("/")).toBeUndefined();
  expect([...machine.cgroupPaths()]).toEqual([]);
  expect(machine.cgroupsById().size).toBe(0);
  expect(machine.commOf(process.pid)).toBeUndefined();
});
