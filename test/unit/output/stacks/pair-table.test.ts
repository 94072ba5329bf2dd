import { PairTable } from "../../../../src/output/stacks/pair-table";

test("every pair has a number of its own, and keeps it while the table grows", () => {
  const table = new PairTable();
  const idOf = (at: number) => table.idOf((at % 97) - 1, at * 7919);
  const ids = Array.from({ length: 10_007 }, (_, at) => idOf(at));
  expect(ids).toEqual(Array.from({ length: 10_007 }, (_, at) => at));
  expect(Array.from({ length: 10_007 }, (_, at) => idOf(at))).toEqual(ids);
  expect(table.size).toBe(10_007);
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
