import type { Session } from "../../../../src/bpf/session";
import { UnwoundStacks } from "../../../../src/commands/stack-profile/unwound-stacks";
import { stackSamples } from "../../../../src/probes/stack-samples";
import { isStack, StackId } from "../../../../src/probes/stack-store";
import { type StackKey, stackKeyCodec } from "../../../../src/probes/stack-tally";
import type { UnwindProcess } from "../../../../src/symbols/unwind/unwinder";

const samples = stackSamples(
  { key: stackKeyCodec({ by: "comm", state: false, waker: false }), stackSize: 64, rate: 49 },
  { arch: "x64" },
);

const CODE = 0x4000;
const SP = 0x7000;
/** Words of `struct pt_regs` on x86-64. */
const [RBP, RIP, RSP] = [4, 16, 19];

/** Code without information at CODE: only frame pointers lead on. */
const process: UnwindProcess = {
  codeAt: (address) => (address >= CODE && address < CODE + 4096 ? { bias: 0, info: undefined } : undefined),
};

interface Sample {
  readonly pid?: number;
  readonly pc: number;
  readonly sp?: number;
  /** Words at the stack pointer, where the frame pointer points to. */
  readonly stack: readonly number[];
}

/** A record as the program writes it. */
function recordOf({ pid = 7, pc, sp = SP, stack }: Sample): DataView {
  const view = new DataView(new ArrayBuffer(samples.record.size));
  const registers = new BigUint64Array(21);
  registers[RIP] = BigInt(pc);
  registers[RSP] = registers[RBP] = BigInt(sp);
  const words = new BigUint64Array(8);
  words.set(stack.map(BigInt));
  const key: StackKey = { kernel: StackId.none, user: StackId.none, comm: "prog", pid };
  samples.record.encode(view, 0, {
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
  const unwound = new UnwoundStacks(session as unknown as Session, samples, processes, maxStacks, "x64");
  unwound.drain();
  return unwound;
}

/** Of two frames: the frame pointer of the caller, the return address, and then nothing more. */
const CALLED = { pc: CODE + 1, stack: [0, CODE + 2, 0] };
const ALONE = { pc: CODE + 1, stack: [0, 0] };

test("equal stacks of a process are counted together", () => {
  const { entries } = taken([CALLED, ALONE, CALLED, CALLED, { ...CALLED, pid: 8 }]);
  expect(entries.map(([{ pid }, { count, total }]) => [pid, count, total])).toEqual([
    [7, 3, 3],
    [7, 1, 1],
    [8, 1, 1],
  ]);
  expect(new Set(entries.map(([{ user }]) => user)).size).toBe(2);
});

test("a stack is found by its id, and ids stand for stacks", () => {
  const unwound = taken([ALONE, CALLED]);
  const ids = unwound.entries.map(([{ user }]) => user);
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
  expect(unwound.entries.map(([{ user }]) => user)).toEqual([StackId.none, StackId.unwalkable]);
  expect(unwound.unwalkable).toBe(1);
  expect(unwound.newNotes()).toEqual([]);
});

test("stacks beyond those there is room for are counted, and their samples kept", () => {
  const unwound = taken([CALLED, ALONE, CALLED, ALONE], 1);
  expect(unwound.entries.map(([{ user }, { count }]) => [user === StackId.full, count])).toEqual([
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
  expect(unwound.newNotes()).toEqual([]);
});
