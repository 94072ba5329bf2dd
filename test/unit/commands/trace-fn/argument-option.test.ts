import { joinArguments, parseArguments } from "../../../../src/commands/trace-fn/argument-option";
import { formNamed } from "../../../../src/probes/calls/value-form";

const form = (name: string) => formNamed(name, "test");

test("arguments by number, form and name", () => {
  expect(parseArguments("1:str,size=2:u64,7,ret:d")).toEqual({
    wishes: [
      { text: "1", name: undefined, place: 1, form: form("str") },
      { text: "2", name: "size", place: 2, form: form("u64") },
      { text: "7", name: undefined, place: 7, form: undefined },
    ],
    result: form("d"),
  });
});

test("arguments by name, and members behind them", () => {
  const { wishes } = parseArguments("count,inode=file->f_inode->i_ino:x,comm->name[3].of:u8[16]");
  expect(wishes).toEqual([
    { text: "count", name: undefined, place: "count", form: undefined },
    { text: "file->f_inode->i_ino", name: "inode", place: "file->f_inode->i_ino", form: form("x") },
    { text: "comm->name[3].of", name: undefined, place: "comm->name[3].of", form: form("u8[16]") },
  ]);
});

test("more than a program has room for are refused", () =>
  expect(() => parseArguments(Array(25).fill("1").join())).toThrow("at most 24 are shown"));

test("given twice, they add up", () => {
  const both = joinArguments(parseArguments("1:d"), parseArguments("2:d,ret:u64"));
  expect(both.wishes.map(({ place }) => place)).toEqual([1, 2]);
  expect(both.result).toEqual(form("u64"));
});

test.each([
  ["1st:str", 'arg: "1st:str" is not like 1:str or size=2:u64'],
  ["", 'arg: "" is not like 1:str or size=2:u64'],
  ["0:d", "arg: 0 is not a number from 1 to 12"],
  ["13:d", "arg: 13 is not a number from 1 to 12"],
  ["1:strr", 'arg: no form "strr"'],
  ["1:double", "arg: floating point numbers are not supported"],
  ["1:u8[0]", "arg: an array of 0 is not one of 1 to 512 numbers"],
  ["1:u64[65]", "arg: an array of 65 is not one of 1 to 64 numbers"],
  ["1:str[2]", 'arg: no form "str[2]"'],
  ["ret:str", "arg: a result is shown as a number"],
])('"%s" is refused', (text, message) => expect(() => parseArguments(text)).toThrow(message));

test("a wrong form gets the nearest one", () => {
  expect(() => parseArguments("1:sttr")).toThrow(expect.objectContaining({ hint: 'did you mean "str"?' }));
});
