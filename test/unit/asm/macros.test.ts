import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import {
  AssemblyError,
  add,
  assemble,
  atLeast,
  atMost,
  type Block,
  COMM_SIZE,
  currentPid,
  emitRecord,
  exit,
  fp,
  helper,
  increment,
  keepComm,
  keepOnly,
  label,
  listing,
  load,
  loadImm64,
  loadMapValue,
  lookupOrInsert,
  mov,
  r0,
  r1,
  r2,
  r6,
  r7,
  readComm,
  remove,
  store,
  storeStruct,
  zero,
} from "../../../src/asm";
import { array, encoded, struct, u8, u16, u32, u64 } from "../../../src/core/codec";
import { errno } from "../../../src/core/errno";
import { firstAddress, runModel } from "../../model/bpf-model";
import { root } from "../../root";

const counts = { name: "counts" };
const memory = { name: "memory" };

/** Answers of look-up and update in the order they are asked for; what is asked beyond them is a failure. */
function scripted(lookups: readonly bigint[], updates: readonly bigint[]) {
  const asked = { lookups: [...lookups], updates: [...updates], flags: [] as bigint[] };
  const next = (answers: bigint[]) => {
    const answer = answers.shift();
    if (answer === undefined) throw new Error("asked once too often");
    return answer;
  };
  const helpers = {
    [helper.mapLookupElem]: () => next(asked.lookups),
    [helper.mapUpdateElem]: (...args: readonly bigint[]) => {
      asked.flags.push(args[3] as bigint);
      return next(asked.updates);
    },
  };
  return { helpers, asked };
}

const negative = (error: number) => BigInt.asUintN(64, -BigInt(error));
/** As kernels before 6.4 leave it: an int, whose upper half is not the sign. */
const int = (error: number) => BigInt.asUintN(32, -BigInt(error));
const found = firstAddress;

describe("increment", () => {
  const cases: readonly (readonly [string, bigint[], bigint[], bigint, bigint])[] = [
    ["a key that is there is added to", [found], [], 1n, 0n],
    ["a missing key is inserted", [0n], [0n], 0n, 0n],
    ["one that another CPU inserted meanwhile is added to", [0n, found], [negative(errno.EEXIST)], 1n, 0n],
    ["also with an int as the error", [0n, found], [int(errno.EEXIST)], 1n, 0n],
    ["one that came and went is lost", [0n, 0n], [negative(errno.EEXIST)], 0n, 1n],
    ["a full map is told", [0n], [negative(errno.E2BIG)], 0n, 1n],
  ];
  test.each(cases)("%s", (_name, lookups, updates, added, lost) => {
    const { helpers, asked } = scripted(lookups, updates);
    const onFull = [loadMapValue(r1, memory, 8), store(8, r1, 0, 1)];
    const program = [increment(counts, -8, -16, { onFull }), mov(r0, 0), exit()];
    const value = new Uint8Array(16);
    runModel(program, { maps: { memory: value }, helpers });
    expect([...new BigUint64Array(value.buffer)]).toEqual([added, lost]);
    expect([asked.lookups, asked.updates]).toEqual([[], []]);
    expect(asked.flags).toEqual(updates.map(() => 1n));
  });

  test("by a number or a register, also for the first value", () => {
    for (const by of [5, r7]) {
      const value = new Uint8Array(8);
      const { helpers } = scripted([found], []);
      runModel([mov(r7, 5), increment(memory, -8, -16, { by }), exit()], {
        maps: { memory: value },
        helpers,
      });
      expect(value[0]).toBe(5);
      const first = scripted([0n], [0n]);
      const program = [mov(r7, 5), increment(memory, -8, -16, { by }), load(8, r0, fp, -16), exit()];
      expect(runModel(program, { maps: { memory: value }, helpers: first.helpers })).toBe(5n);
    }
  });
});

describe("lookupOrInsert", () => {
  const cases: readonly (readonly [string, bigint[], bigint[], bigint])[] = [
    ["there", [found], [], found],
    ["inserted", [0n, found], [0n], found],
    ["inserted by another CPU", [0n, found], [negative(errno.EEXIST)], found],
    ["full", [0n], [negative(errno.E2BIG)], 1n],
    ["came and went", [0n, 0n], [negative(errno.EEXIST)], 1n],
  ];
  test.each(cases)("%s", (_name, lookups, updates, result) => {
    const none = label("none");
    const { helpers, asked } = scripted(lookups, updates);
    const program = [lookupOrInsert(counts, -8, -16, none), exit(), none, mov(r0, 1), exit()];
    expect(runModel(program, { helpers })).toBe(result);
    expect([asked.lookups, asked.updates]).toEqual([[], []]);
  });
});

describe("bounds", () => {
  const word = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
  const small = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
  const least = (a: bigint, b: bigint) => (a < b ? a : b);
  const most = (a: bigint, b: bigint) => (a > b ? a : b);
  const unsigned = (value: bigint) => BigInt.asUintN(64, value);
  const run = (value: bigint, bound: bigint, block: Block) =>
    runModel([loadImm64(r0, value), loadImm64(r1, bound), block, exit()]);

  test("by a register, unsigned and signed", () => {
    fc.assert(
      fc.property(word, word, (a, b) => {
        expect(run(a, b, atMost(r0, r1))).toBe(least(unsigned(a), unsigned(b)));
        expect(run(a, b, atLeast(r0, r1))).toBe(most(unsigned(a), unsigned(b)));
        expect(run(a, b, atMost(r0, r1, { signed: true }))).toBe(unsigned(least(a, b)));
        expect(run(a, b, atLeast(r0, r1, { signed: true }))).toBe(unsigned(most(a, b)));
      }),
    );
  });

  test("by an immediate", () => {
    fc.assert(
      fc.property(word, small, (a, b) => {
        expect(run(a, 0n, atMost(r0, b))).toBe(least(unsigned(a), unsigned(BigInt(b))));
        expect(run(a, 0n, atLeast(r0, b, { signed: true }))).toBe(unsigned(most(a, BigInt(b))));
      }),
    );
  });
});

/** Runs a block with r6 at 64 bytes of 0xff, of which the block's base is the middle, and gives the bytes. */
function written(block: Block): number[] {
  const bytes = new Uint8Array(64).fill(0xff);
  runModel([loadMapValue(r6, memory, 32), block, exit()], { maps: { memory: bytes } });
  return [...bytes];
}

describe("writing to the stack", () => {
  test("zero writes exactly its range, in as few stores as alignment allows", () => {
    fc.assert(
      fc.property(fc.integer({ min: -32, max: 31 }), fc.nat(32), (at, length) => {
        const size = Math.min(length, 32 - at);
        const expected = new Array(64).fill(0xff).fill(0, 32 + at, 32 + at + size);
        expect(written(zero(r6, at, size))).toEqual(expected);
      }),
    );
    expect(assemble([zero(fp, -24, 24), exit()]).instructions).toHaveLength(4);
    expect(assemble([zero(fp, -17, 17), exit()]).instructions).toHaveLength(4);
  });

  const Key = struct({ kind: u8, pid: u32, port: u16, stamp: u64, flag: u8 });

  test("storeStruct writes what the codec writes, holes included", () => {
    const value = { kind: 3, pid: 70000, port: 443, stamp: 0x1122334455667788n, flag: 1 };
    const sources = { kind: 3, pid: r1, port: 443, stamp: r2, flag: 1 };
    const block: Block = [mov(r1, 70000), loadImm64(r2, value.stamp), storeStruct(Key, r6, -32, sources)];
    expect(written(block).slice(0, Key.size)).toEqual([...encoded(Key, value)]);
    expect(written(block).slice(Key.size)).toEqual(new Array(64 - Key.size).fill(0xff));
  });

  test("storeStruct zeroes the fields left out", () => {
    const expected = encoded(Key, { kind: 0, pid: 0, port: 9, stamp: 0n, flag: 0 });
    expect(written(storeStruct(Key, r6, -32, { port: 9 })).slice(0, Key.size)).toEqual([...expected]);
    expect(written(storeStruct(Key, r6, -32, {})).slice(0, Key.size)).toEqual(new Array(Key.size).fill(0));
  });

  test("storeStruct names a field that one store cannot write, and one that is not there", () => {
    const Wide = struct({ name: array(u8, 16) });
    expect(() => storeStruct(Wide, fp, -16, { name: 1 as never })).toThrow(
      'field "name": 16 bytes are not one store',
    );
    expect(() => storeStruct(Key, fp, -32, { pidd: 1 } as never)).toThrow('field "pidd": not in the struct');
    expect(() => storeStruct(Wide, fp, -16, { name: 1 as never })).toThrow(AssemblyError);
  });
});

describe("filters", () => {
  const verdict = (filter: (drop: ReturnType<typeof label>) => Block, start: Block, machine = {}) => {
    const drop = label("drop");
    return runModel([start, filter(drop), mov(r0, 1), exit(), drop, mov(r0, 0), exit()], machine);
  };

  test("keepOnly keeps the values given", () => {
    for (const values of [[7], [7, 8], [1, 2, 7, 4_294_967_295]])
      for (const value of [7, 8, 9, 4_294_967_295])
        expect(verdict((drop) => keepOnly(r7, values, drop), [loadImm64(r7, BigInt(value))])).toBe(
          BigInt(values.includes(value)),
        );
    expect(() => keepOnly(r7, [], label("drop"))).toThrow('filter to "drop": no value to keep');
  });

  const names: readonly (readonly [string, string, boolean])[] = [
    ["node", "node", true],
    ["node", "nodejs", false],
    ["nodejs", "node", false],
    ["node*", "nodejs", true],
    ["node*", "node", true],
    ["node*", "nod", false],
    ["*", "", true],
    ["", "", true],
    ["", "x", false],
    ["fifteen-letters", "fifteen-letters", true],
    ["fifteen-letters*", "fifteen-letters", true],
    ["fifteen-letter*", "fifteen-letterX", true],
    ["fifteen-letters", "fifteen-letterz", false],
    ["größe", "größe", true],
  ];
  test.each(names)('keepComm "%s" for "%s": %s', (wanted, comm, kept) => {
    const bytes = new Uint8Array(COMM_SIZE);
    bytes.set(Buffer.from(comm));
    const start = [loadMapValue(r6, memory, 0)];
    expect(verdict((drop) => keepComm(r6, 0, wanted, drop), start, { maps: { memory: bytes } })).toBe(
      BigInt(kept),
    );
  });

  test("keepComm refuses a name that no thread can have", () => {
    expect(() => keepComm(fp, -16, "sixteen-letters-", label("drop"))).toThrow("is longer than 15 bytes");
  });
});

describe("emitRecord", () => {
  const run = (reserved: bigint) => {
    const submitted: (readonly bigint[])[] = [];
    const helpers = {
      [helper.ringbufReserve]: (...args: readonly bigint[]) => {
        expect(args.slice(1, 3)).toEqual([16n, 0n]);
        return reserved;
      },
      [helper.ringbufSubmit]: (...args: readonly bigint[]) => {
        submitted.push(args.slice(0, 2));
        return 0n;
      },
    };
    const value = new Uint8Array(16);
    const fill = [store(8, r7, 0, 11), store(8, r7, 8, 12)];
    const block = emitRecord({ ring: counts, size: 16, record: r7, fill, flags: 1, onFull: [mov(r6, 1)] });
    const lost = runModel([mov(r6, 0), block, mov(r0, r6), exit()], { maps: { memory: value }, helpers });
    return { lost, submitted, words: [...new BigUint64Array(value.buffer)] };
  };

  test("fills and submits what it reserved", () => {
    expect(run(found)).toEqual({ lost: 0n, submitted: [[found, 1n]], words: [11n, 12n] });
  });

  test("runs onFull when nothing could be reserved", () => {
    expect(run(0n)).toEqual({ lost: 1n, submitted: [], words: [0n, 0n] });
  });
});

/** A program of every macro as `--dump` prints it; `UPDATE_GOLDEN=1` writes the file anew. */
test("the listing of the macros", () => {
  const Key = struct({ pid: u32, nr: u32 });
  const drop = label("drop");
  const lost: Block = [loadMapValue(r1, { name: "lost" }), mov(r2, 1), store(8, r1, 0, r2)];
  const program = assemble([
    [currentPid(), keepOnly(r0, [4711, 4712], drop), mov(r7, r0)],
    [readComm(-32), keepComm(fp, -32, "node*", drop)],
    storeStruct(Key, fp, -8, { pid: r7, nr: 3 }),
    increment(counts, -8, -16, { onFull: lost }),
    increment({ name: "totals" }, -8, -16),
    [load(8, r6, fp, -16), add(r6, 3), atMost(r6, 100), atLeast(r6, 10)],
    emitRecord({ ring: { name: "events" }, size: 8, record: r7, fill: [store(8, r7, 0, r6)], onFull: lost }),
    remove(counts, -8),
    [drop, mov(r0, 0), exit()],
  ]);
  const file = join(root, "test/golden/asm/macros.lst");
  if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(file, listing(program));
  expect(listing(program)).toBe(readFileSync(file, "utf8"));
});
