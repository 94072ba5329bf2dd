/** Threads that share a place of the table: rare on a machine, so the blocks run with owners made up for it. */
import {
  type Block,
  exit,
  fp,
  jump,
  label,
  loadImm64,
  loadMapValue,
  mov,
  r0,
  r1,
  r4,
  r6,
  r7,
  r8,
  r9,
  store,
  zero,
} from "../../../src/asm";
import { mappableArray } from "../../../src/bpf/map-spec";
import { bytes } from "../../../src/core/codec";
import { enterCall, exitCall, THREAD_CALL_STACK, threadCallMaps } from "../../../src/probes/thread-calls";
import { runInKernel } from "../asm/machine";
import { kernelTest } from "../kernel-test";

const WORDS = 8;
const out = mappableArray("out", bytes(WORDS * 8), 1);
const [table, parked, losses] = threadCallMaps;

/** Two kernel stacks whose addresses lead to the same place, and a third one that does not. */
const FIRST = 0xffff_c900_0001_4000n;
const SECOND = FIRST + (1n << 30n);
const OTHER = FIRST + (1n << 14n);

const enter = (owner: bigint, number: number, startNs: number): Block => [
  [loadImm64(r6, owner), mov(r7, number), mov(r8, 0), mov(r9, startNs)],
  enterCall("x86-64", r6, { number: r7, abi: r8, startNs: r9 }, r4, 0),
];

/** Writes the number and the start of the call that `owner` returns from to the words `at` and `at + 1`. */
const leave = (owner: bigint, at: number): Block => {
  const none = label("none");
  const done = label("done");
  return [
    [loadImm64(r6, owner), exitCall(r6, { number: r7, abi: r8, startNs: r9 }, r4, 0, none)],
    [loadMapValue(r1, out), store(8, r1, at * 8, r7), store(8, r1, at * 8 + 8, r9), jump.always(done)],
    [none, loadMapValue(r1, out), store(8, r1, at * 8, -1), done],
  ];
};

function run(...steps: readonly Block[]): { words: bigint[]; lost: bigint } {
  const code: Block = [zero(fp, -THREAD_CALL_STACK, THREAD_CALL_STACK), ...steps, mov(r0, 0), exit()];
  const memory = {
    out: new Uint8Array(WORDS * 8),
    [table!.name]: new Uint8Array(table!.value.size),
    [losses!.name]: new Uint8Array(8),
  };
  const after = runInKernel(code, memory, undefined, [parked!]).memory;
  const word = (name: string, at: number) => new DataView(after[name]!.buffer).getBigInt64(at * 8, true);
  return {
    words: Array.from({ length: WORDS }, (_, at) => word("out", at)),
    lost: word(losses!.name, 0),
  };
}

const NEEDS = ["socket-filter-program"];

kernelTest(NEEDS, "a call is taken once", () => {
  const { words, lost } = run(enter(FIRST, 11, 100), leave(FIRST, 0), leave(FIRST, 2));
  expect(words.slice(0, 3)).toEqual([11n, 100n, -1n]);
  expect(lost).toBe(0n);
});

kernelTest(NEEDS, "two threads that share a place have a call each, whoever returns first", () => {
  for (const [first, second] of [
    [FIRST, SECOND],
    [SECOND, FIRST],
  ] as const) {
    const { words, lost } = run(
      [enter(FIRST, 11, 100), enter(SECOND, 22, 200), enter(OTHER, 33, 300)],
      [leave(first, 0), leave(second, 2), leave(OTHER, 4), leave(second, 6)],
    );
    const expected = first === FIRST ? [11n, 100n, 22n, 200n] : [22n, 200n, 11n, 100n];
    expect(words.slice(0, 7)).toEqual([...expected, 33n, 300n, -1n]);
    expect(lost).toBe(0n);
  }
});

kernelTest(NEEDS, "a thread that was not seen entering has no call, though another has its place", () => {
  const { words } = run(enter(FIRST, 11, 100), leave(SECOND, 0), leave(FIRST, 2));
  expect(words.slice(0, 4)).toEqual([-1n, 0n, 11n, 100n]);
});

kernelTest(NEEDS, "what never returns is not noted", () => {
  const { words } = run(enter(FIRST, 60, 100), leave(FIRST, 0), enter(FIRST, 231, 100), leave(FIRST, 2));
  expect([words[0], words[2]]).toEqual([-1n, -1n]);
});
