import { assemble } from "../../../../src/asm/assemble";
import type { KernelFacts } from "../../../../src/bpf/facts";
import { dumpOf } from "../../../../src/commands/open-probe";
import { type ProbeOptions, stackProbe } from "../../../../src/commands/stack-profile/probe";
import { expectGolden } from "../../../golden/golden";
import { madeUpFacts } from "../syscall-top/made-up-facts";

type Given = Partial<ProbeOptions>;

function probeOf(given: Given, facts: KernelFacts) {
  const options: ProbeOptions = {
    measure: "cpu",
    waker: false,
    frequency: 49,
    by: "comm",
    kernel: true,
    user: true,
    idle: false,
    minNs: 0,
    preempted: false,
    filter: {},
    follow: false,
    maxStacks: 16_384,
    isRepeated: false,
    ourselves: { pid: 4242 },
    ...given,
  };
  return stackProbe(options, facts);
}

const NAMESPACE = { pidNamespace: { device: 4n, inode: 4026532001n } };
const VFS_READ = { kind: "fentry", name: "vfs_read" } as const;
const SYS_ENTER = { kind: "btf-raw-tracepoint", name: "sys_enter" } as const;
const FILTER = { pids: [12, 345], uid: 1815, comm: "nginx*", cgroup: "/cg/system.slice", cpus: [0, 2] };

const variants: readonly (readonly [name: string, given: Given, facts: KernelFacts])[] = [
  ["samples", {}, madeUpFacts()],
  ["samples-without-btf", { by: "process" }, madeUpFacts({ btf: false })],
  ["kernel-only-idle", { user: false, idle: true }, madeUpFacts()],
  ["user-only-by-thread", { kernel: false, by: "thread" }, madeUpFacts()],
  ["by-cpu-filtered", { by: "cpu", filter: FILTER }, madeUpFacts()],
  ["by-process-in-namespace", { by: "process", filter: FILTER }, madeUpFacts(NAMESPACE)],
  ["off-cpu", { measure: "off-cpu", minNs: 1_000_000 }, madeUpFacts()],
  ["off-cpu-preempted-by-cgroup", { measure: "off-cpu", preempted: true, by: "cgroup" }, madeUpFacts()],
  ["off-cpu-repeated", { measure: "off-cpu", isRepeated: true }, madeUpFacts()],
  ["wakeup", { measure: "wakeup", waker: true }, madeUpFacts()],
  [
    "off-cpu-wakeup-by-thread",
    { measure: "off-cpu", waker: true, by: "thread", user: false },
    madeUpFacts(NAMESPACE),
  ],
  ["off-cpu-wakeup-unwound", { measure: "off-cpu", waker: true, stackSize: 8192 }, madeUpFacts()],
  [
    "event-unwound",
    { measure: "event", event: { sites: [{ hook: VFS_READ, arguments: "words" }] }, stackSize: 4096 },
    madeUpFacts(),
  ],
  ["unwound", { stackSize: 8192 }, madeUpFacts()],
  ["unwound-by-rows", { stackSize: 8192, frequency: 999 }, madeUpFacts()],
  [
    "event-function-weighted",
    { measure: "event", event: { sites: [{ hook: VFS_READ, arguments: "words" }], weight: 2 } },
    madeUpFacts(),
  ],
  [
    "event-syscalls-arm64",
    {
      measure: "event",
      event: { sites: [{ hook: SYS_ENTER, arguments: "syscall", syscalls: [63, 64] }], weight: 2 },
    },
    madeUpFacts({ arch: "arm64" }),
  ],
  ["wall-command", { measure: "wall", follow: true, by: "process" }, madeUpFacts()],
];

test.each(variants)("listing: %s", (name, given, facts) =>
  expectGolden(`test/golden/stack-profile/${name}.lst`, dumpOf(probeOf(given, facts).spec)),
);

test.each(variants)("the same options give the same bytes: %s", (_name, given, facts) => {
  const bytes = () => probeOf(given, facts).spec.programs.map(({ code }) => assemble(code).bytes);
  expect(bytes()).toEqual(bytes());
});

test.each(variants)("names and sizes are what the kernel takes: %s", (_name, given, facts) => {
  const { programs, maps } = probeOf(given, facts).spec;
  for (const { name } of [...programs, ...maps]) expect(name).toMatch(/^[A-Za-z0-9_.]{1,15}$/);
  expect(new Set(maps).size).toBe(maps.length);
  expect(new Set(programs.map(({ name }) => name)).size).toBe(programs.length);
  for (const { maxEntries } of maps) expect(maxEntries).toBeGreaterThan(0);
});

test.each<[string, Given, string[]]>([
  ["samples", {}, ["meet_on_exec", "sample"]],
  ["kernel stacks", { user: false }, ["sample"]],
  ["waits", { measure: "off-cpu" }, ["meet_on_exec", "off_cpu"]],
  ["wake-ups", { measure: "wakeup", waker: true }, ["meet_on_exec", "waker", "off_cpu"]],
  ["both", { measure: "wall" }, ["meet_on_exec", "off_cpu", "sample"]],
  [
    "an event",
    { measure: "event", event: { sites: [{ hook: VFS_READ, arguments: "words" }] } },
    ["meet_on_exec", "event_0"],
  ],
  ["a command", { follow: true }, ["follow_fork", "follow_exec", "meet_on_exec", "sample"]],
])("as few programs as can be: %s", (_name, given, expected) =>
  expect(probeOf(given, madeUpFacts()).spec.programs.map(({ name }) => name)).toEqual(expected),
);

test.each<[string, Given, number]>([
  ["both halves", {}, 2],
  ["the kernel's", { user: false }, 1],
  ["the user's", { kernel: false }, 1],
  ["the waker's", { measure: "wakeup", waker: true }, 2],
  [
    "the waker's kernel half, which tells interrupts",
    { measure: "wakeup", waker: true, kernel: false, user: false },
    1,
  ],
  ["both tasks'", { measure: "off-cpu", waker: true }, 4],
])("stacks are walked only where they are wanted: %s", (_name, given, times) =>
  expect(dumpOf(probeOf(given, madeUpFacts()).spec).match(/get_stack/g)).toHaveLength(times),
);

test("the clock ticks on the processors of -C only", () => {
  const sample = probeOf({ filter: { cpus: [1] } }, madeUpFacts()).spec.programs.at(-1);
  expect(sample?.hook).toEqual({ kind: "perf-event", name: "cpu-clock", frequency: 49, cpus: [1] });
});

test("waits need BTF", () =>
  expect(() => probeOf({ measure: "off-cpu" }, madeUpFacts({ btf: false }))).toThrow("off-cpu: needs BTF"));
