import type { Session } from "../../../../src/bpf/session";
import { RecordKind, stackSamples } from "../../../../src/probes/stack-samples";
import { isStack, StackId } from "../../../../src/probes/stack-store";
import { type StackKey, stackKeyCodec } from "../../../../src/probes/stack-tally";
import { UnwoundStacks } from "../../../../src/probes/stacks/unwound-stacks";
import type { UnwindProcess } from "../../../../src/symbols/unwind/unwinder";

const samples = stackSamples(
  { key: stackKeyCodec({ by: "comm", state: false, waker: true }), stackSize: 64, rate: 49, walked: false },
  { arch: "x64" },
);

const CODE = 0x4000;
const SP = 0x7000;
/** Words of `struct pt_regs` on x86-64. */
const [RBP, RIP, RSP] = [4, 16, 19];

/** The kernel's stack of an interrupt. */
const TIMER = 77n;

/** Code without information at CODE: only frame pointers lead on. */
const process: UnwindProcess = {
  codeAt: (address) => (address >= CODE && address < CODE + 4096 ? { bias: 0, info: undefined } : undefined),
};

interface Sample {
  readonly kind?: keyof typeof RecordKind;
  readonly tid?: number;
  readonly startNs?: number;
  readonly weight?: number;
  readonly kernel?: bigint;
  readonly user?: bigint;
  readonly wakerUser?: bigint;
  readonly pid?: number;
  readonly pc: number;
  readonly sp?: number;
  /** Words at the stack pointer, where the frame pointer points to. */
  readonly stack: readonly number[];
}

/** A record as the program writes it. */
function recordOf(sample: Sample): DataView {
  const { kind = "sample", tid = 0, startNs = 0, weight = 1, pid = 7, pc, sp = SP, stack } = sample;
  const { kernel = StackId.none, user = StackId.none, wakerUser = StackId.none } = sample;
  const view = new DataView(new ArrayBuffer(samples.record.size));
  const registers = new BigUint64Array(21);
  registers[RIP] = BigInt(pc);
  registers[RSP] = registers[RBP] = BigInt(sp);
  const words = new BigUint64Array(8);
  words.set(stack.map(BigInt));
  const waker = { wakerUser, wakerKernel: StackId.none, wakerComm: "", wakerPid: 0 };
  const key: StackKey = { kernel, user, comm: "prog", pid, ...waker };
  samples.record.encode(view, 0, {
    ...{ kind: RecordKind[kind], tid, startNs, weight, space: 0n, missing: 0 },
    key: key as never,
    copy: { registers, length: 8 * stack.length, stack: new Uint8Array(words.buffer) },
  });
  return view;
}

function taken(given: readonly Sample[], maxStacks = 10): UnwoundStacks {
  const ring = {
    consume: (visit: (view: DataView, at: number) => void) => {
      for (const sample of given) visit(recordOf(sample), 0);
    },
  };
  const session = { ringBuffer: () => ring, mappedArray: () => ({ get: () => 3 }) };
  const processes = { code: () => process };
  const unwound = new UnwoundStacks(
    session as unknown as Session,
    samples,
    processes,
    maxStacks,
    "x64",
    (kernel) => kernel === TIMER,
  );
  unwound.drain();
  return unwound;
}

/** Of two frames: the frame pointer of the caller, the return address, and then nothing more. */
const CALLED = { pc: CODE + 1, stack: [0, CODE + 2, 0] };
const ALONE = { pc: CODE + 1, stack: [0, 0] };

test("equal stacks of a process are counted together", () => {
  const entries = taken([CALLED, ALONE, CALLED, CALLED, { ...CALLED, pid: 8 }]).takeEntries();
  expect(entries.map(([{ pid }, { count, total }]) => [pid, count, total])).toEqual([
    [7, 3, 3],
    [7, 1, 1],
    [8, 1, 1],
  ]);
  expect(new Set(entries.map(([{ user }]) => user)).size).toBe(2);
});

test("a stack is found by its id, and ids stand for stacks", () => {
  const unwound = taken([ALONE, CALLED]);
  const ids = unwound.takeEntries().map(([{ user }]) => user);
  expect(ids.every(isStack)).toBe(true);
  expect(ids.map((id) => [...(unwound.stack(id)?.pcs ?? [])])).toEqual([
    [BigInt(CODE + 1)],
    [BigInt(CODE + 1), BigInt(CODE + 2)],
  ]);
  expect(unwound.stack(StackId.none)).toBeUndefined();
});

test("what has no user side has no stack; one that cannot be read is counted", () => {
  const unwound = taken([
    { pc: 0, sp: 0, stack: [] },
    { pc: CODE, stack: [] },
  ]);
  expect(unwound.takeEntries().map(([{ user }]) => user)).toEqual([StackId.none, StackId.unwalkable]);
  expect(unwound.unwalkable).toBe(1);
  expect(unwound.newNotes()).toEqual([]);
});

test("stacks beyond those there is room for are counted, and their samples kept", () => {
  const unwound = taken([CALLED, ALONE, CALLED, ALONE], 1);
  expect(unwound.takeEntries().map(([{ user }, { count }]) => [user === StackId.full, count])).toEqual([
    [false, 2],
    [true, 2],
  ]);
  expect([unwound.full, unwound.lost]).toEqual([2, 3]);
});

test("how stacks ended that do not lead to the first function", () => {
  const truncated = { pc: CODE + 1, stack: [SP + 4096, CODE + 2] };
  const lost = { pc: CODE + 1, stack: [0, 0x99] };
  const unwound = taken([truncated, lost, truncated, CALLED]);
  expect(unwound.newNotes()).toEqual([
    "2 of 4 user stacks go on further up than the part of the stack that is copied: --stack-size takes more.",
    "1 of 4 user stacks end in code without unwind information and without frame pointers.",
  ]);
  unwound.drain();
  // The kernel has walked six others to their ends.
  expect(unwound.newNotes(6)[1]).toMatch(/^1 of 10 user stacks end in code/);
  expect(unwound.newNotes()).toEqual([]);
});

/** A wait from one of these to its return. */
const LEFT: Sample = { ...CALLED, kind: "left", tid: 70, startNs: 1000 };
const WOKEN: Sample = { ...ALONE, kind: "woken", tid: 70, startNs: 1000, pid: 8 };
const RETURNED: Sample = {
  kind: "returned",
  ...{ tid: 70, startNs: 1000, weight: 500, pc: 0, stack: [] },
  ...{ user: StackId.copied, wakerUser: StackId.copied },
};

test("the stacks of a wait count when the task is back, with its time", () => {
  const unwound = taken([LEFT, WOKEN, RETURNED, { ...LEFT, startNs: 2000 }]);
  const [[key, weight] = [], ...others] = unwound.takeEntries();
  expect(others).toEqual([]);
  expect(weight).toEqual({ count: 1, total: 500 });
  const depth = (id: bigint | undefined) => unwound.stack(id as bigint)?.pcs.length;
  expect([depth(key?.user), depth(key?.wakerUser)]).toEqual([2, 1]);
  expect(unwound.takeEntries()).toEqual([]);
});

test("whom an interrupt interrupted has woken nobody", () => {
  const unwound = taken([LEFT, { ...WOKEN, kernel: TIMER }, RETURNED]);
  const [[key] = []] = unwound.takeEntries();
  expect(key?.wakerUser).toBe(StackId.none);
});

test("a return whose other records were lost says so, and belongs to no other wait", () => {
  const unwound = taken([LEFT, { ...RETURNED, startNs: 999 }]);
  const [[key] = []] = unwound.takeEntries();
  expect([key?.user, key?.wakerUser]).toEqual([StackId.full, StackId.full]);
});

test("a wait that has not ended keeps its stacks when others are forgotten", () => {
  const unwound = taken([LEFT, ALONE], 2);
  const [[alone] = []] = unwound.takeEntries();
  unwound.forget();
  expect(unwound.stack(alone?.user as bigint)).toBeUndefined();
  const key: StackKey = { kernel: StackId.none, user: StackId.copied, comm: "prog", pid: 7 };
  expect(unwound.stack(unwound.resolved(70, 1000, key).user)?.pcs).toHaveLength(2);
});
