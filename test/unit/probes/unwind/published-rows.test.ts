import type { Session } from "../../../../src/bpf/session";
import { PublishedRows } from "../../../../src/probes/unwind/published-rows";
import {
  type BlockBits,
  MAPPING_BLOCKS,
  Mapping,
  MOST_MAPPINGS,
  MOST_RULES,
  placeOf,
  ROW_BLOCKS,
  Rule,
  unwindRows,
  WAYS,
} from "../../../../src/probes/unwind/rows";
import type { RowRange } from "../../../../src/symbols/unwind/call-frame";
import type { Row } from "../../../../src/symbols/unwind/row";
import { UnwindInfo } from "../../../../src/symbols/unwind/unwind-info";
import type { UnwindProcess, UnwoundStack } from "../../../../src/symbols/unwind/unwinder";
import { ehFrame, LENGTH, START, sourceOf } from "../../symbols/unwind/eh-frame";

const SPACE = 0x1234_5678_9abc_def0n;
const OTHER_SPACE = 0x0fed_cba9_8765_4321n;
const BIAS = 0x5555_0000_0000;
const FUNCTION = BIAS + START;

/** push rbp at 0; 5 bytes later 48 bytes of locals; 0x40 bytes before the end they are gone again. */
const CODE = [0x0e, 16, 0x86, 2, 0x45, 0x0e, 64, 0x02, LENGTH - 0x45, 0x0e, 16];
const INITIAL = [0x0c, 7, 8, 0x90, 1];

interface Made {
  readonly rows: PublishedRows;
  readonly words: BigUint64Array;
  readonly process: { generation: number } & UnwindProcess;
  /** The rule for an address, as a program looks for it. */
  found(address: number, space?: bigint): { cfaOffset: bigint; bits: BlockBits } | undefined;
}

function made(bias = BIAS): Made {
  const spec = unwindRows();
  const words = new BigUint64Array(spec.places.value.size / 8);
  const rules = new DataView(new ArrayBuffer(spec.rules.value.size));
  const mappings = new DataView(new ArrayBuffer(spec.mappings.value.size));
  const mappedArray = (asked: unknown) =>
    asked === spec.places ? { words } : { view: asked === spec.rules ? rules : mappings };
  const wordOf = (space: bigint, address: number, sizes: readonly BlockBits[]) => {
    for (const bits of sizes) {
      const { at, tag } = placeOf(space, address, bits);
      const word = words.slice(at, at + WAYS).find((each) => each !== 0n && each >> 16n === tag >> 16n);
      if (word !== undefined) return { number: Number(word & 0xffffn), bits };
    }
    return undefined;
  };
  const info = new UnwindInfo(sourceOf({ ".eh_frame": ehFrame({ initial: INITIAL, code: CODE }) }));
  const code = { bias, info, mapping: { start: Math.max(bias, 0), end: bias + 0x10000 } };
  const process = {
    generation: 1,
    codeAt: (address: number) =>
      address >= code.mapping.start && address < code.mapping.end ? code : undefined,
  };
  return {
    rows: new PublishedRows({ mappedArray } as unknown as Session, spec, "x64"),
    words,
    process,
    found(address, space = SPACE) {
      const mapped = wordOf(space, address, MAPPING_BLOCKS);
      if (mapped === undefined) return undefined;
      const { bias, file } = Mapping.decode(mappings, (mapped.number & (MOST_MAPPINGS - 1)) * Mapping.size);
      const row = wordOf(file, Number(BigInt.asUintN(64, BigInt(address) - bias)), ROW_BLOCKS);
      if (row === undefined) return undefined;
      const { cfaOffset } = Rule.decode(rules, (row.number & (MOST_RULES - 1)) * Rule.size);
      return { cfaOffset, bits: row.bits };
    },
  };
}

const stack = (...pcs: number[]): UnwoundStack => ({
  ...{ pcs: Float64Array.from([...pcs, 99]), length: pcs.length, end: "complete" },
});

const published = (words: BigUint64Array) => words.reduce((sum, word) => sum + (word === 0n ? 0 : 1), 0);

test("of an innermost function that is missed twice all addresses are known from then on", () => {
  const { rows, process, found } = made();
  rows.publish(process, stack(FUNCTION + 0x20, 7), SPACE, FUNCTION + 0x20);
  expect([FUNCTION + 0x27, FUNCTION + 0x28].map((at) => found(at)?.cfaOffset)).toEqual([64n, undefined]);
  rows.publish(process, stack(FUNCTION + 0xe1, 7), SPACE, FUNCTION + 0xe1);
  const all = Array.from({ length: LENGTH }, (_, i) => found(FUNCTION + i)?.cfaOffset);
  const expected = Array.from({ length: LENGTH }, (_, i) => (i < 5 ? 16n : i < LENGTH - 0x40 ? 64n : 16n));
  expect(all).toEqual(expected);
  expect(found(FUNCTION - 1)).toBeUndefined();
  expect(found(FUNCTION + LENGTH)).toBeUndefined();
  expect(found(FUNCTION + 0x20, OTHER_SPACE)).toBeUndefined();
});

test("a caller's is known around where it called from, as far as that row goes", () => {
  const { rows, process, found } = made();
  const returns = FUNCTION + 0x61;
  rows.publish(process, stack(7, returns), SPACE, returns - 1);
  expect(found(returns - 1)).toEqual({ cfaOffset: 64n, bits: 6 });
  expect([found(FUNCTION + 0x40)?.bits, found(FUNCTION + 0x3f), found(FUNCTION + 0x80)]).toEqual([
    6,
    undefined,
    undefined,
  ]);
  const early = FUNCTION + 7;
  rows.publish(process, stack(7, early), SPACE, early - 1);
  // The block around it begins before the row.
  expect([found(early - 1), found(early - 2), found(early)]).toEqual([
    { cfaOffset: 64n, bits: 0 },
    undefined,
    undefined,
  ]);
});

test("further out, too, up to what programs cannot go by", () => {
  const { rows, process, found, words } = made();
  const [a, b, c] = [FUNCTION + 0x48, FUNCTION + 0x88, FUNCTION + 0xd0];
  rows.publish(process, stack(7, b + 1), SPACE, b);
  // One of the row, two of the mapping.
  expect(published(words)).toBe(1 + 2);
  rows.publish(process, stack(7, a + 1, b + 1, c + 1), SPACE, a);
  expect([found(a)?.cfaOffset, found(c)?.cfaOffset]).toEqual([64n, 16n]);
  const { rows: others, found: foundThere } = made();
  others.publish(process, stack(7, a + 1, 99, c + 1), SPACE, a);
  expect([foundThere(a)?.cfaOffset, foundThere(c)]).toEqual([64n, undefined]);
});

test("a file may lie lower than it was linked", () => {
  const { rows, process, found } = made(-0x1000);
  const at = START - 0x1000 + 0x20;
  rows.publish(process, stack(at), SPACE, at);
  expect(found(at)?.cfaOffset).toBe(64n);
});

test("further out than the copy of the stack goes, a frame each time", () => {
  const { rows, process, found } = made();
  const beyond = FUNCTION + 0x61;
  const copied = stack(FUNCTION + 9, FUNCTION + 0x99);
  expect(rows.publish(process, copied, SPACE, beyond)).toBe(true);
  expect([found(beyond)?.cfaOffset, found(FUNCTION + 0x98)]).toEqual([64n, undefined]);
  // Those that were taken before it was known.
  expect(rows.publish(process, copied, SPACE, beyond)).toBe(false);
  expect(rows.publish(process, copied, SPACE, FUNCTION + 9)).toBe(false);
});

test("nothing is published for an address in no code", () => {
  const { rows, process, words } = made();
  rows.publish(process, stack(7, FUNCTION + 9), SPACE, 7);
  rows.publish(process, stack(99), SPACE, 99);
  expect(published(words)).toBe(0);
});

test("a set that is full makes room", () => {
  const { rows, process, words, found } = made();
  // Words of others in all ways of all sets.
  words.fill(5n);
  const at = FUNCTION + 0x61;
  rows.publish(process, stack(7, at + 1), SPACE, at);
  expect(found(at)?.cfaOffset).toBe(64n);
  expect(words.filter((word) => word !== 5n).length).toBe(1 + 2);
});

test("what was published of a process is taken back when it has something else mapped", () => {
  const { rows, process, words, found } = made();
  const other = { ...process };
  rows.publish(process, stack(FUNCTION + 0x20), SPACE, FUNCTION + 0x20);
  const at = FUNCTION + 0x20;
  const ofFirst = published(words);
  // The rows are those of the file.
  rows.publish(other, stack(at), OTHER_SPACE, at);
  expect([ofFirst, published(words)]).toEqual([1 + 2, ofFirst + 2]);
  rows.retract();
  expect([found(at), found(at, OTHER_SPACE)]).toEqual([expect.anything(), expect.anything()]);
  process.generation++;
  rows.retract();
  expect([published(words), found(at), found(at, OTHER_SPACE)?.cfaOffset]).toEqual([ofFirst, undefined, 64n]);
  other.generation++;
  rows.retract();
  expect(published(words)).toBe(ofFirst - 2);
});

test("code that a program knows by another number takes the place of what it knew before", () => {
  const { rows, process, words, found } = made();
  const at = FUNCTION + 0x20;
  rows.publish(process, stack(at), SPACE, at);
  const before = published(words);
  rows.publish(process, stack(at), OTHER_SPACE, at);
  expect([published(words), found(at), found(at, OTHER_SPACE)?.cfaOffset]).toEqual([before, undefined, 64n]);
});

test("of what had to make room only what is missed comes back", () => {
  const { rows, process, words, found } = made();
  const at = FUNCTION + 0x20;
  for (const missing of [FUNCTION + 0xe1, at]) rows.publish(process, stack(missing), SPACE, missing);
  expect(published(words)).toBeGreaterThan(10);
  words.fill(0n);
  rows.publish(process, stack(at), SPACE, at);
  expect([published(words), found(at)?.cfaOffset]).toEqual([1 + 1, 64n]);
});

test("when there are too many mappings, all are forgotten, and those that are asked for come back", () => {
  const { rows, process, words, found } = made();
  const at = FUNCTION + 0x20;
  rows.publish(process, stack(at), SPACE, at);
  const first = published(words);
  for (let i = 1; i < MOST_MAPPINGS; i++)
    rows.publish({ ...process }, stack(at), BigInt(i) * 0x9e3779b97f4a7c15n, at);
  // The last one has number 1 again; some rows may have made room.
  expect(published(words)).toBeLessThanOrEqual(first);
  expect(found(at)).toBeUndefined();
  rows.publish(process, stack(at), SPACE, at);
  expect(found(at)?.cfaOffset).toBe(64n);
});

test("when there are too many different rules, the others stay unknown", () => {
  const { rows, found } = made();
  let offset = 16;
  const rangeAt = jest.fn<RowRange, [number]>();
  const info = { rangeAt } as unknown as UnwindInfo;
  const code = { bias: 0, info, mapping: { start: 0, end: 0x10000 } };
  const process = {
    codeAt: () => {
      const row: Row = {
        cfa: { kind: "register", column: 7, offset },
        ...{ rules: [{ column: 16, rule: { kind: "saved", offset: -8 } }], returnColumn: 16 },
        ...{ isOutermost: false, isSignalFrame: false },
      };
      rangeAt.mockImplementation((at) => ({ row, start: at, end: at + 1 }));
      return code;
    },
  };
  for (let i = 0; i < MOST_RULES + 10; i++, offset += 8)
    rows.publish(process, stack(7, 0x1000 + i), SPACE, 0x1000 + i - 1);
  // Number 0 is none.
  const last = 0x1000 + MOST_RULES - 2;
  expect([last - 1, last, last + 1, last + 2].map((at) => found(at - 1) !== undefined)).toEqual([
    ...[true, true],
    ...[false, false],
  ]);
});
