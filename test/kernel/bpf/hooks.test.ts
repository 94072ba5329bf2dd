/** Programs at every hook that most kernels have: each counts exactly what was done. */
import { readFileSync } from "node:fs";
import type { Hook } from "../../../src/bpf/program-spec";
import { Session } from "../../../src/bpf/session";
import { cgroupMountOf } from "../../../src/sys/mounts";
import { kernelTest, runningKernel } from "../kernel-test";
import { raw } from "../syscall-top/raw-syscalls";
import { counting, counts } from "./counting";

import { getpgidAt, renameThread } from "./libc-function";
import { mounted } from "./mounted";

const pid = process.pid;
/** The system call kill, 23 times. */
const work = (): void => {
  for (let i = 0; i < 23; i++) process.kill(pid, 0);
};

/** A socket of the internet, closed again: those of other families are not asked about. */
function makeSocket(): void {
  const AF_INET = 2;
  const SOCK_DGRAM = 2;
  raw().call("close", raw().call("socket", AF_INET, SOCK_DGRAM));
}

function counted(hook: Hook, run: () => void) {
  using session = Session.open(runningKernel(), counting(pid, hook));
  run();
  session.detach();
  const found = session.mappedArray(counts).get(0);
  run();
  // Detached means detached.
  expect(session.mappedArray(counts).get(0)).toEqual(found);
  return { ...found, link: session.links[0] };
}

for (const kind of ["raw-tracepoint", "btf-raw-tracepoint"] as const)
  kernelTest([kind], kind, () => {
    const { mine, link } = counted({ kind, name: "task_rename" }, () => {
      for (let i = 0; i < 23; i++) renameThread();
    });
    expect([mine, link?.means]).toEqual([23, "bpf-link"]);
  });

kernelTest(["tracepoint"], "tracepoint", () => {
  using _tracefs = mounted("tracefs");
  const found = counted({ kind: "tracepoint", name: "syscalls:sys_enter_kill" }, work);
  expect(found.mine).toBe(23);
});

kernelTest(["perf-event"], "a clock on each CPU", () => {
  const { all, link } = counted({ kind: "perf-event", name: "cpu-clock", frequency: 997 }, () => {
    const end = performance.now() + 200;
    while (performance.now() < end);
  });
  expect(all).toBeGreaterThan(0);
  expect(link?.places).toBe(readFileSync("/proc/cpuinfo", "utf8").match(/^processor/gm)?.length);
});

kernelTest(["perf-event"], "a clock on a CPU that is not there, or too fast", () => {
  const kernel = runningKernel();
  const open = (hook: Hook) => () => Session.open(kernel, counting(pid, hook));
  const clock = { kind: "perf-event", name: "cpu-clock" } as const;
  expect(open({ ...clock, frequency: 10, cpus: [4095] })).toThrow("none of the CPUs 4095 is online");
  expect(open({ ...clock, frequency: 0 })).toThrow("the frequency is not a positive integer");
  const limit = Number(readFileSync("/proc/sys/kernel/perf_event_max_sample_rate", "utf8"));
  expect(open({ ...clock, frequency: limit + 1 })).toThrow(
    `attach to cpu-clock at ${limit + 1} Hz: this kernel allows ${limit} samples a second at most`,
  );
});

for (const kind of ["uprobe", "uretprobe"] as const)
  kernelTest([kind], kind, () => {
    const target = getpgidAt();
    for (const only of [undefined, pid]) {
      const hook = { kind, name: "getpgid", path: target.path, offset: target.offset, pid: only } as const;
      const found = counted(hook, () => {
        for (let i = 0; i < 23; i++) target.call();
      });
      expect(found.mine).toBe(23);
    }
  });

kernelTest(["uprobe-multi"], "uprobe.multi", () => {
  const target = getpgidAt();
  for (const atReturn of [false, true]) {
    const hook = {
      kind: "uprobe-multi",
      name: "getpgid",
      path: target.path,
      offsets: [target.offset],
    } as const;
    const { mine, link } = counted({ ...hook, atReturn, pid }, () => {
      for (let i = 0; i < 23; i++) target.call();
    });
    expect([mine, link?.places, link?.means]).toEqual([23, 1, "bpf-link"]);
  }
});

kernelTest(["uprobe"], "a uprobe where none can be", () => {
  const kernel = runningKernel();
  const open = (hook: Hook) => () => Session.open(kernel, counting(pid, hook));
  const none = { kind: "uprobe", name: "f", path: "/nowhere", offset: 0 } as const;
  expect(open(none)).toThrow('attach uprobe to "f" in "/nowhere": there is no file "/nowhere"');
  expect(open({ ...none, path: "/proc/self/status" })).toThrow("no probe may be put there");
});

kernelTest(["cgroup-attach"], "cgroup", () => {
  const mount = cgroupMountOf(readFileSync("/proc/self/mountinfo", "utf8"));
  if (mount === undefined) throw new Error("no cgroup v2");
  const hook = (name: string): Hook => ({ kind: "cgroup", name, event: "sock-create" });
  const { mine, link } = counted(hook(mount), () => {
    for (let i = 0; i < 23; i++) makeSocket();
  });
  expect([mine, link?.means]).toEqual([23, "bpf-link"]);
  const open = (name: string) => () => Session.open(runningKernel(), counting(pid, hook(name)));
  expect(open("/nowhere")).toThrow("there is no such directory");
  expect(open("/tmp")).toThrow("is not a cgroup v2 directory");
});

kernelTest(["raw-tracepoint"], "places that do not exist are named, with the nearest that does", () => {
  const kernel = runningKernel();
  const open = (hook: Hook) => () => Session.open(kernel, counting(pid, hook));
  expect(open({ kind: "raw-tracepoint", name: "sys_entre" })).toThrow(
    expect.objectContaining({
      name: "NotSupportedError",
      message: 'tracepoint "sys_entre": this kernel has none',
      hint: 'did you mean "sys_enter"?',
    }),
  );
  expect(open({ kind: "btf-raw-tracepoint", name: "sched_swich" })).toThrow(
    expect.objectContaining({ hint: 'did you mean "sched_switch"?' }),
  );
  using _tracefs = mounted("tracefs");
  expect(open({ kind: "tracepoint", name: "sched:sched_swich" })).toThrow(
    expect.objectContaining({ hint: 'did you mean "sched:sched_switch"?' }),
  );
  expect(open({ kind: "tracepoint", name: "sched_switch" })).toThrow('is not like "sched:sched_switch"');
});
