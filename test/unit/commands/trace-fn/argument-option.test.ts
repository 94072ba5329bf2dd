import { joinArguments, parseArguments } from "../../../../src/commands/trace-fn/argument-option";
import { formNamed } from "../../../../src/probes/calls/value-form";

const form = (name: string) => formNamed(name, "test");

test("arguments by number, form and name", () => {
  expect(parseArguments("1:str,size=2:u64,7,ret:d")).toEqual({
    params: [
      { name: "arg1", form: form("str"), index: 0 },
      { name: "size", form: form("u64"), index: 1 },
      { name: "arg7", form: form("x"), index: 6 },
    ],
    result: form("d"),
  });
});

test("given twice, they add up", () => {
  const both = joinArguments(parseArguments("1:d"), parseArguments("2:d,ret:u64"));
  expect(both.params.map(({ name }) => name)).toEqual(["arg1", "arg2"]);
  expect(both.result).toEqual(form("u64"));
});

test.each([
  ["first:str", 'arg: "first:str" is not like 1:str or size=2:u64'],
  ["", 'arg: "" is not like 1:str or size=2:u64'],
  ["0:d", "arg: 0 is not a number from 1 to 12"],
  ["13:d", "arg: 13 is not a number from 1 to 12"],
  ["1:strr", 'arg: no form "strr"'],
  ["ret:str", "arg: a result is shown as a number, not as a string"],
])('"%s" is refused', (text, message) => expect(() => parseArguments(text)).toThrow(message));

test("a wrong form gets the nearest one", () => {
  expect(() => parseArguments("1:sttr")).toThrow(expect.objectContaining({ hint: 'did you mean "str"?' }));
});
