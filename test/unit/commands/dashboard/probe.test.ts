import { assemble } from "../../../../src/asm/assemble";
import type { KernelFacts } from "../../../../src/bpf/facts";
import { counterNames } from "../../../../src/commands/dashboard/counters";
import { dashboardProbe, unavailable } from "../../../../src/commands/dashboard/probe";
import { allNames, parseEvents, plan } from "../../../../src/commands/dashboard/selection";
import type { OwnCounter, ProbeOptions, TracepointField } from "../../../../src/commands/dashboard/slots";
import { numericFields } from "../../../../src/commands/dashboard/tracepoint-field";
import { dumpOf } from "../../../../src/commands/open-probe";
import { plainWord, type ValueForm } from "../../../../src/probes/calls/value-form";
import type { EventSite } from "../../../../src/probes/targets/event-site";
import { expectGolden } from "../../../golden/golden";
import { madeUpKernel } from "./made-up-kernel";

const NAMESPACE = { pidNamespace: { device: 4n, inode: 4026532001n, level: 1 } };
const FIELD: TracepointField = { name: "len", offset: 24, size: 4, signed: true };

function probeOf(given: Partial<ProbeOptions>, facts: KernelFacts) {
  const ourselves = { pid: 4242, code: [0, 127] };
  return dashboardProbe(
    { counters: counterNames, own: [], filter: {}, follow: false, ourselves, byProcess: false, ...given },
    facts,
  );
}

const own = (field?: TracepointField) => [
  { name: "t:net:net_dev_queue", places: [{ tracepoint: "net:net_dev_queue", field }] },
];

const u32: ValueForm = { kind: "int", size: 4, signed: false };
const sites = {
  call: {
    hook: { kind: "btf-raw-tracepoint", name: "sys_enter" },
    arguments: "syscall",
    syscalls: [0, 1],
    params: [{ name: "fd", form: { kind: "int", size: 4, signed: true } }],
  },
  kernel: {
    hook: { kind: "fentry", name: "vfs_read" },
    arguments: "words",
    params: [
      { name: "file", form: plainWord },
      { name: "count", form: u32 },
    ],
  },
  user: {
    hook: { kind: "uprobe", name: "malloc", path: "/lib/libc.so.6", offset: 4096 },
    arguments: "registers",
    params: [{ name: "arg1", form: plainWord }],
  },
} as const satisfies Record<string, EventSite>;
const functions: readonly OwnCounter[] = [
  { name: "s:read", places: [{ site: sites.call }] },
  { name: "vfs_read", places: [{ site: sites.kernel }] },
  { name: "libc:*alloc", places: [{ site: sites.user }, { site: sites.user }] },
];
const sums: readonly OwnCounter[] = [
  { name: "s:read", places: [{ site: sites.call, argument: 0 }] },
  { name: "vfs_read", places: [{ site: sites.kernel, argument: 1 }] },
  { name: "libc:malloc", places: [{ site: sites.user, argument: 0 }] },
];

const variants: readonly (readonly [name: string, given: Partial<ProbeOptions>, facts: KernelFacts])[] = [
  ["all", {}, madeUpKernel()],
  ["all-arm64", {}, madeUpKernel({ arch: "arm64" })],
  ["without-btf", { counters: ["syscalls", "failed", "forks", "tx-packets"] }, madeUpKernel({ btf: false })],
  ["filtered", { counters: ["opens"], filter: { pids: [12], uid: 1815, comm: "nginx*" } }, madeUpKernel()],
  ["in-namespace", { counters: ["switches"], filter: { tids: [7] } }, madeUpKernel(NAMESPACE)],
  ["command", { counters: ["execs"], follow: true }, madeUpKernel()],
  ["by-process", { counters: ["read-bytes"], byProcess: true }, madeUpKernel()],
  ["own", { counters: [], own: own() }, madeUpKernel()],
  ["own-sum", { counters: [], own: own(FIELD) }, madeUpKernel()],
  ["own-functions", { counters: [], own: functions }, madeUpKernel()],
  ["own-functions-sum-arm64", { counters: [], own: sums }, madeUpKernel({ arch: "arm64" })],
];

test.each(variants)("listing: %s", (name, given, facts) =>
  expectGolden(`test/golden/dashboard/${name}.lst`, dumpOf(probeOf(given, facts).spec)),
);

test.each(variants)("the same options give the same bytes: %s", (_name, given, facts) => {
  const bytes = () => probeOf(given, facts).spec.programs.map(({ code }) => assemble(code).bytes);
  expect(bytes()).toEqual(bytes());
});

test("on the way of an event nothing is called but for the processor's number", () => {
  const hot = [
    "sys_exit",
    "sched_switch",
    "net_dev_xmit",
    "netif_receive_skb",
    "kfree_skb",
    "page_fault_user",
  ];
  for (const { name, code } of probeOf({}, madeUpKernel()).spec.programs.filter((one) =>
    hot.includes(one.name),
  )) {
    const calls = dumpOf({ maps: [], programs: [{ name, code, hook: { kind: "raw-tracepoint", name } }] })
      .split("\n")
      .filter((line) => line.includes("call "));
    // Who is not told by an address, and what is not a 64-bit call, are asked for.
    const rare = ["get_current_pid_tgid", "get_current_task", "probe_read_kernel"];
    const others = calls.filter((line) => !rare.some((helper) => line.endsWith(`bpf_${helper}`)));
    expect(others.every((line) => line.endsWith("bpf_get_smp_processor_id"))).toBe(true);
  }
});

test("each processor has whole cache lines of its own", () => {
  const { stride, shards, slots, values } = probeOf({}, madeUpKernel());
  expect({ stride, shards, slots: slots.length }).toEqual({
    stride: 32,
    shards: 2,
    slots: counterNames.length,
  });
  expect(values.value.size).toBe(stride * shards * 8);
});

describe("--events", () => {
  test("takes names and targets, in the order given", () => {
    const { shown, own: targets } = parseEvents(
      "closes,t:sched:sched_wakeup,opens,libc:malloc,vfs_read,s:read",
    );
    expect(shown).toEqual(["closes", "t:sched:sched_wakeup", "opens", "libc:malloc", "vfs_read", "s:read"]);
    expect([...targets].map(([name, { kind }]) => [name, kind])).toEqual([
      ["t:sched:sched_wakeup", "tracepoint"],
      ["libc:malloc", "user"],
      ["vfs_read", "kernel"],
      ["s:read", "syscall"],
    ]);
  });
  test.each([
    ["r:vfs_read", "it is the entry that is looked at"],
    ["opens,opens", '"opens" is there twice'],
    ["t:sched", "has no event after the category"],
    ["t:sched:*", "is a pattern"],
  ])("%s is refused", (text, message) => expect(() => parseEvents(text)).toThrow(message));
});

describe("the plan", () => {
  test("is everything, with what a difference needs counted", () => {
    const { shown, counted, missing } = plan(undefined, madeUpKernel());
    expect({ shown, counted, missing }).toEqual({ shown: allNames, counted: counterNames, missing: [] });
    expect(plan(parseEvents("unclosed"), madeUpKernel()).counted).toEqual(["opens", "closes"]);
  });
  test("leaves out what this kernel lacks, but refuses it when it is asked for", () => {
    const facts = madeUpKernel({}, ["page_fault_user"]);
    const { shown, missing } = plan(undefined, facts);
    expect(shown).not.toContain("faults");
    expect(missing).toEqual([["faults", 'this kernel has no tracepoint "page_fault_user"']]);
    expect(() => plan(parseEvents("opens,faults"), facts)).toThrow(
      'counter "faults": this kernel has no tracepoint',
    );
  });
  test("without BTF is what needs no pointers", () => {
    const facts = madeUpKernel({ btf: false });
    expect(counterNames.filter((name) => unavailable(name, facts) === undefined)).toContain("syscalls");
    expect(plan(undefined, facts).shown).not.toContain("unclosed");
  });
});

test("the numbers among a tracepoint's fields", () => {
  const format = [
    "name: net_dev_queue",
    "format:",
    "\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;",
    "",
    "\tfield:void * skbaddr;\toffset:8;\tsize:8;\tsigned:0;",
    "\tfield:unsigned int len;\toffset:16;\tsize:4;\tsigned:0;",
    "\tfield:__data_loc char[] name;\toffset:20;\tsize:4;\tsigned:0;",
    "\tfield:char comm[16];\toffset:24;\tsize:16;\tsigned:0;",
    "\tfield:int rc;\toffset:40;\tsize:4;\tsigned:1;",
    "",
    'print fmt: "len=%u", REC->len',
  ].join("\n");
  expect(numericFields(format)).toEqual([
    { name: "common_type", offset: 0, size: 2, signed: false },
    { name: "skbaddr", offset: 8, size: 8, signed: false },
    { name: "len", offset: 16, size: 4, signed: false },
    { name: "rc", offset: 40, size: 4, signed: true },
  ]);
});
