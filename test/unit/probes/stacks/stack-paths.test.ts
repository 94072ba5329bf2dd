import type { Frame } from "../../../../src/output/stacks/profile";
import { StackId } from "../../../../src/probes/stack-store";
import type { StackKey } from "../../../../src/probes/stack-tally";
import type { KernelNames } from "../../../../src/probes/stacks/kernel-names";
import { StackPaths, type StackSources } from "../../../../src/probes/stacks/stack-paths";
import type { UserNames } from "../../../../src/probes/stacks/user-names";

const REAL = 1n << 63n;
const KERNEL = ["schedule", "vfs_read", "entry"];
const WAKING = ["try_to_wake_up", "vfs_write", "entry"];
const TIMER = ["try_to_wake_up", "asm_sysvec_apic_timer_interrupt", "vfs_write", "entry"];

const PROGRAM = ["bpf_prog_12", "syscall_trace_enter"];

/** Stacks as numbers of names: of the kernel from 0, of users from 100. */
const names = [...KERNEL, ...WAKING, ...TIMER, ...PROGRAM];
const numbers = (all: readonly string[], from: number) => all.map((_, at) => BigInt(from + at));
const sources: StackSources = {
  unwound: undefined,
  walked: new Map([
    [REAL, BigUint64Array.from(numbers(KERNEL, 0))],
    [REAL + 1n, BigUint64Array.from(numbers(WAKING, 3))],
    [REAL + 2n, BigUint64Array.from(numbers(TIMER, 6))],
    [REAL + 3n, BigUint64Array.from([100n, 101n])],
    [REAL + 4n, BigUint64Array.from(numbers(PROGRAM, 10))],
  ]),
};
const framesOf = (stack: BigUint64Array) =>
  Array.from(stack, (at): Frame => ({ name: names[Number(at)] as string, kind: "kernel" }));
const kernelNames = {
  frames: framesOf,
  framesBelowOwn: (stack: BigUint64Array) =>
    framesOf(stack).filter(({ name }) => !name.startsWith("bpf_prog_")),
} as unknown as KernelNames;
const userNames = {
  frame: (pid: number, _comm: string, at: bigint): Frame => ({ name: `${pid}:${at}`, kind: "user" }),
} as unknown as UserNames;

const blocked: StackKey = { kernel: REAL, user: REAL + 3n, comm: "reader", pid: 7 };
const woken = (kernel: bigint): StackKey => ({
  ...blocked,
  ...{ wakerKernel: kernel, wakerUser: REAL + 3n, wakerComm: "writer", wakerPid: 8 },
});

const paths = new StackPaths(kernelNames, userNames, true);
const text = (frames: readonly Frame[]) => frames.map(({ name }) => name).join(";");
const OF_BLOCKED = "7:101;7:100;entry;vfs_read;schedule";

test("the outermost frame comes first, the user's half before the kernel's", () =>
  expect(text(paths.ofTask(blocked, sources))).toBe(OF_BLOCKED));

test("an innermost address that was told apart stands on the stack of its callers, or on what is said in its place", () => {
  const tipped = { ...blocked, kernelTip: 3n, userTip: 200n };
  expect(text(paths.ofSample(tipped, sources))).toBe(
    "7:101;7:100;7:200;entry;vfs_read;schedule;try_to_wake_up",
  );
  const lost = { ...tipped, user: StackId.full, kernel: StackId.none };
  expect(text(paths.ofSample(lost, sources))).toBe("[stack lost: no room];7:200");
  expect(text(paths.ofSample({ ...lost, userTip: 0n }, sources))).toBe("[stack lost: no room]");
});

test("a BPF program is part of the clock's samples; elsewhere it is what takes the stack", () => {
  const inProgram = { ...blocked, kernel: REAL + 4n };
  expect(text(paths.ofSample(inProgram, sources))).toBe("7:101;7:100;syscall_trace_enter;bpf_prog_12");
  expect(text(paths.ofTask(inProgram, sources))).toBe("7:101;7:100;syscall_trace_enter");
});

test("a waker begins with its name", () =>
  expect(text(paths.ofWaker(woken(REAL + 1n), sources))).toBe(
    "writer;8:101;8:100;entry;vfs_write;try_to_wake_up",
  ));

test("an interrupt is nobody's stack but its own", () =>
  expect(text(paths.ofWaker(woken(REAL + 2n), sources))).toBe(
    "[interrupt];asm_sysvec_apic_timer_interrupt;try_to_wake_up",
  ));

test("both: the waker's stack upside down on the other", () => {
  const both = paths.ofBoth(woken(REAL + 1n), sources);
  expect(text(both)).toBe(`${OF_BLOCKED};--;try_to_wake_up;vfs_write;entry;8:100;8:101;writer`);
  expect(both.map(({ kind }) => kind)).toEqual([
    ...["user", "user", "kernel", "kernel", "kernel", "marker"],
    ...["waker", "waker", "waker", "waker", "waker", "waker"],
  ]);
  expect(both.slice(6, 11).map((frame) => paths.original(frame).kind)).toEqual([
    ...["kernel", "kernel", "kernel", "user", "user"],
  ]);
});

test("where nobody was seen waking it, that is said", () =>
  expect(text(paths.ofBoth({ ...blocked, wakerComm: "" }, sources))).toBe(
    `${OF_BLOCKED};--;[waker not seen]`,
  ));

test("without the kernel's half an interrupt is still one", () => {
  const userOnly = new StackPaths(kernelNames, userNames, false);
  expect(text(userOnly.ofWaker(woken(REAL + 2n), sources))).toBe("[interrupt]");
  expect(text(userOnly.ofWaker(woken(REAL + 1n), sources))).toBe("writer;8:101;8:100");
});

test("halves that were lost say why", () =>
  expect(text(paths.ofTask({ ...blocked, kernel: StackId.full, user: StackId.unwalkable }, sources))).toBe(
    "[stack not walkable];[stack lost: no room]",
  ));
