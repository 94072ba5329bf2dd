/** How programs get to their hooks, and what is said where they cannot. */

import { mov } from "../../../src/asm/alu";
import { exit } from "../../../src/asm/jump";
import { r0 } from "../../../src/asm/register";
import { LinkCreate } from "../../../src/bpf/attr-layouts";
import type { Hook } from "../../../src/bpf/program-spec";
import { Session } from "../../../src/bpf/session";
import { BpfCmd } from "../../../src/core/bpf-uapi";
import { errno } from "../../../src/core/errno";
import { PerfEventAttr } from "../../../src/sys/perf-event";
import { fakeKernel } from "../../fake-kernel";

const code = [mov(r0, 0), exit()];
const probe = (hook: Hook) => ({ maps: [], programs: [{ name: "test", hook, code }] });
const PMU = "/sys/bus/event_source/devices/kprobe";
const kprobe = { kind: "kprobe", name: "vfs_read" } as const;
const clock = { kind: "perf-event", name: "cpu-clock", frequency: 99 } as const;

function withKprobes() {
  const fake = fakeKernel();
  fake.sys.files.set(`${PMU}/type`, "6\n").set(`${PMU}/format/retprobe`, "config:0\n");
  return fake;
}

const ioctls = (calls: readonly { call: string; args?: readonly number[] }[]) =>
  calls.filter(({ call }) => call === "ioctl").map(({ args }) => args?.[1]);

test("a perf event gets its program by a link, with its cookie", () => {
  const { kernel, sys } = withKprobes();
  {
    using session = Session.open(kernel, probe({ ...kprobe, cookie: 42n }));
    expect(session.links.map(({ means }) => means)).toEqual(["bpf-link"]);
    const link = sys.calls.find(({ call }) => call === "BPF_LINK_CREATE")?.attr;
    expect(link?.read(LinkCreate, "bpfCookie")).toBe(42n);
    expect(ioctls(sys.calls)).toEqual([0x2400]);
    expect(sys.openFds.sort()).toEqual(["link", "perf event", "program"]);
  }
  expect(sys.openFds).toEqual([]);
});

test("or by ioctl where the kernel knows no such link", () => {
  const { kernel, sys } = withKprobes();
  sys.refuse(BpfCmd.BPF_LINK_CREATE, errno.EINVAL);
  {
    using session = Session.open(kernel, probe(kprobe));
    expect(session.links.map(({ means }) => means)).toEqual(["perf-event"]);
    expect(ioctls(sys.calls)).toEqual([0x40042408, 0x2400]);
  }
  expect(sys.openFds).toEqual([]);
  expect(() => Session.open(kernel, probe({ ...kprobe, cookie: 1n }))).toThrow(
    'attach kprobe to "vfs_read": this kernel has no attach cookies',
  );
  expect(sys.openFds).toEqual([]);
});

test("a probe's name and place are in its event", () => {
  const { kernel, sys } = withKprobes();
  using _session = Session.open(kernel, probe({ ...kprobe, offset: 8 }));
  const event = sys.calls.find(({ call }) => call === "perf_event_open")?.attr;
  expect([event?.read(PerfEventAttr, "type"), event?.read(PerfEventAttr, "config2")]).toEqual([6, 8n]);
  const name = event?.pointers.get(PerfEventAttr.offsets.config1) as Uint8Array;
  expect(Buffer.from(name).toString()).toBe("vfs_read\0");
});

test("a clock runs on the CPUs that are online and wanted", () => {
  const { kernel, sys } = fakeKernel();
  sys.files.set("/sys/devices/system/cpu/online", "0-3,6\n");
  {
    using session = Session.open(kernel, probe({ ...clock, cpus: [2, 6, 9] }));
    expect(session.links[0]?.places).toBe(2);
  }
  const cpus = sys.calls.filter(({ call }) => call === "perf_event_open").map(({ args }) => args?.[1]);
  expect(cpus).toEqual([2, 6]);
  expect(sys.openFds).toEqual([]);
});

test("a CPU that goes offline in between is left out", () => {
  const { kernel, sys } = fakeKernel();
  sys.perfRefusal = (_attr, _pid, cpu) => (cpu === 1 ? errno.ENODEV : 0);
  using session = Session.open(kernel, probe(clock));
  expect(session.links[0]?.places).toBe(1);
});

test("a clock that fails on the second CPU leaves nothing on the first", () => {
  const { kernel, sys } = fakeKernel();
  sys.perfRefusal = (_attr, _pid, cpu) => (cpu === 1 ? errno.EMFILE : 0);
  expect(() => Session.open(kernel, probe(clock))).toThrow("attach to cpu-clock at 99 Hz: EMFILE");
  expect(sys.openFds).toEqual([]);
});

const refusals: [string, Hook, (sys: ReturnType<typeof fakeKernel>["sys"]) => void, string, string][] = [
  [
    "no tracefs",
    { kind: "tracepoint", name: "a:b" },
    () => {},
    "NotSupportedError",
    "tracefs is not mounted",
  ],
  ["no kprobes", kprobe, (sys) => sys.files.clear(), "NotSupportedError", "this kernel has no kprobes"],
  [
    "no rights",
    clock,
    (sys) => {
      sys.perfRefusal = () => errno.EACCES;
    },
    "PermissionError",
    "attach to cpu-clock at 99 Hz: EACCES",
  ],
  [
    "no kprobe.multi",
    { kind: "kprobe-multi", name: "vfs_*", functions: ["vfs_read"] },
    (sys) => sys.refuse(BpfCmd.BPF_LINK_CREATE, errno.ENOTSUPP),
    "NotSupportedError",
    'attach kprobe.multi to "vfs_*": this kernel has no kprobe.multi',
  ],
  [
    "nothing to attach to",
    { kind: "kprobe-multi", name: "vfs_*", functions: [] },
    () => {},
    "UsageError",
    "nothing to attach to",
  ],
  ["no BTF", { kind: "fentry", name: "f" }, () => {}, "NotSupportedError", "the kernel has no BTF"],
  [
    "no cgroup",
    { kind: "cgroup", name: "/nowhere", event: "egress" },
    () => {},
    "UsageError",
    "there is no such directory",
  ],
];

test.each(refusals)("%s", (_what, hook, prepare, name, message) => {
  const { kernel, sys } = withKprobes();
  prepare(sys);
  expect(() => Session.open(kernel, probe(hook))).toThrow(
    expect.objectContaining({ name, message: expect.stringContaining(message) }),
  );
  expect(sys.openFds).toEqual([]);
});

test("a tracepoint's number is read where tracefs is mounted", () => {
  const { kernel, sys } = fakeKernel();
  sys.files
    .set("/proc/self/mountinfo", "40 20 0:12 / /some\\040where rw shared:1 - tracefs tracefs rw\n")
    .set("/some where/events/sched/sched_switch/id", "316\n");
  using _session = Session.open(kernel, probe({ kind: "tracepoint", name: "sched:sched_switch" }));
  const event = sys.calls.find(({ call }) => call === "perf_event_open")?.attr;
  expect(event?.read(PerfEventAttr, "config")).toBe(316n);
});

test("a cgroup without links is attached the old way, and detached", () => {
  const { kernel, sys } = fakeKernel();
  sys.files.set("/cg", "");
  sys.refuse(BpfCmd.BPF_LINK_CREATE, errno.EINVAL);
  {
    using session = Session.open(kernel, probe({ kind: "cgroup", name: "/cg", event: "egress" }));
    expect(session.links[0]?.means).toBe("prog-attach");
  }
  expect(sys.calls.filter(({ call }) => /ATTACH|DETACH/.test(call)).map(({ call }) => call)).toEqual([
    "BPF_PROG_ATTACH",
    "BPF_PROG_DETACH",
  ]);
  expect(sys.openFds).toEqual([]);
});
