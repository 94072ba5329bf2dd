import { measureInTurn } from "../../../bench/rounds";

const silent = { say: () => {}, note: () => {} };

function recorded(name: string, order: string[], results: readonly (number | string)[]) {
  let next = 0;
  return {
    name,
    measure: async () => {
      order.push(name);
      const result = results[next++ % results.length] as number | string;
      if (typeof result === "string") throw new Error(result);
      return result;
    },
  };
}

test("contenders take turns, each round beginning with another", async () => {
  const order: string[] = [];
  const samples = await measureInTurn(
    [recorded("a", order, [1, 2]), recorded("b", order, [3, 4])],
    2,
    silent,
  );
  expect(order).toEqual(["a", "b", "b", "a"]);
  expect([...samples]).toEqual([
    ["a", [1, 2]],
    ["b", [3, 4]],
  ]);
});

test("a sample that fails is thrown out, said and taken again", async () => {
  const said: string[] = [];
  const contender = recorded("a", [], ["it was not attached", 7]);
  const samples = await measureInTurn([contender], 1, { ...silent, say: (line) => said.push(line) });
  expect(samples.get("a")).toEqual([7]);
  expect(said).toEqual(["thrown out: a: it was not attached"]);
});

test("a contender that fails again and again is left out, and the others go on", async () => {
  const said: string[] = [];
  const order: string[] = [];
  const contenders = [recorded("broken", order, ["no"]), recorded("sound", order, [1])];
  const samples = await measureInTurn(contenders, 2, { ...silent, say: (line) => said.push(line) });
  expect([...samples]).toEqual([["sound", [1, 1]]]);
  expect(said.at(-1)).toContain("skipped: broken");
  expect(order.filter((name) => name === "sound")).toHaveLength(2);
});
