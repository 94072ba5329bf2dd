import fc from "fast-check";
import { PairTable } from "../../../../src/output/stacks/pair-table";

test("every pair has a number of its own, and keeps it while the table grows", () => {
  const table = new PairTable();
  const idOf = (at: number) => table.idOf((at % 97) - 1, at * 7919);
  const ids = Array.from({ length: 10_007 }, (_, at) => idOf(at));
  expect(ids).toEqual(Array.from({ length: 10_007 }, (_, at) => at));
  expect(Array.from({ length: 10_007 }, (_, at) => idOf(at))).toEqual(ids);
  expect(table.size).toBe(10_007);
});

test.each([
  ["of one first number", (at: number) => [-1, at]],
  ["each on the one before", (at: number) => [at - 1, (at * 31) % 13]],
  ["two on each, the second after all first ones", (at: number) => [at % 5003, at]],
])("as many pairs as there may be, %s", (_name, pairOf) => {
  const table = new PairTable();
  const idOf = (at: number) => table.idOf(...(pairOf(at) as [number, number]));
  const all = Array.from({ length: 10_007 }, (_, at) => at);
  expect(all.map(idOf)).toEqual(all);
  expect(all.map(idOf)).toEqual(all);
});

test("any pairs are told apart as a Map tells their texts", () => {
  const number = fc.oneof(fc.integer({ min: -2, max: 5 }), fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }));
  fc.assert(
    fc.property(fc.array(fc.tuple(number, number), { maxLength: 200 }), (pairs) => {
      const table = new PairTable(1);
      const known = new Map<string, number>();
      for (const [first, second] of pairs) {
        const text = `${first} ${second}`;
        if (!known.has(text)) known.set(text, known.size);
        expect(table.idOf(first, second)).toBe(known.get(text));
      }
    }),
  );
});

test("the order of the two matters", () => {
  const table = new PairTable();
  expect([table.idOf(1, 2), table.idOf(2, 1), table.idOf(1, 2)]).toEqual([0, 1, 0]);
});

test("the pairs come back as columns", () => {
  const table = new PairTable();
  table.idOf(-1, 5);
  table.idOf(0, 2 ** 31 - 1);
  const { first, second } = table.columns();
  expect([[...first], [...second]]).toEqual([
    [-1, 0],
    [5, 2 ** 31 - 1],
  ]);
});
