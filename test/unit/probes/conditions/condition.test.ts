import { assemble } from "../../../../src/asm/assemble";
import { listing } from "../../../../src/asm/disassemble";
import { type Label, label } from "../../../../src/asm/instruction";
import { exit, jump } from "../../../../src/asm/jump";
import { load } from "../../../../src/asm/memory";
import { r1, r6 } from "../../../../src/asm/register";
import { UsageError } from "../../../../src/core/errors";
import { namedForm } from "../../../../src/probes/calls/syscall-flags";
import { formNamed } from "../../../../src/probes/calls/value-form";
import { checkFilter } from "../../../../src/probes/conditions/call-condition";
import { unless } from "../../../../src/probes/conditions/compile";
import {
  type Condition,
  needsReturn,
  type Operand,
  type Pattern,
  parseFilter,
} from "../../../../src/probes/conditions/condition";
import { expectGolden } from "../../../golden/golden";

/** The condition with all parentheses, as it was understood. */
function understood(condition: Condition): string {
  switch (condition.kind) {
    case "not":
      return `!${understood(condition.of)}`;
    case "match":
      return `(${condition.of.name} == "${condition.pattern.text}${condition.pattern.isPrefix ? "*" : ""}")`;
    case "compare":
      return `(${shown(condition.left)} ${condition.op} ${shown(condition.right)})`;
    default:
      return `(${understood(condition.left)} ${condition.kind} ${understood(condition.right)})`;
  }
}

function shown(operand: Operand): string {
  const plain = operand.kind === "name" ? operand.name : String(operand.value);
  return operand.mask === undefined ? plain : `[${plain} & ${operand.mask}]`;
}

test.each([
  ["count > 4096", "(count > 4096)"],
  ["count > 4K && ret < 0", "((count > 4096) and (ret < 0))"],
  ["a == 1 || b == 2 && c == 3", "((a == 1) or ((b == 2) and (c == 3)))"],
  ["(a == 1 || b == 2) && c == 3", "(((a == 1) or (b == 2)) and (c == 3))"],
  ["!(a < b) && !c", "(!(a < b) and !(c != 0))"],
  ["flags & 0x40", "([flags & 64] != 0)"],
  ["mode & 0x1ff == 420", "([mode & 511] == 420)"],
  ["ret == -ENOENT", "(ret == -2)"],
  ["-5 <= a", "(-5 <= a)"],
  ["duration>=10ms||duration<3us", "((duration >= 10000000) or (duration < 3000))"],
  ["ino == 18446744073709551615", "(ino == 18446744073709551615)"],
])("%s", (text, expected) => expect(understood(parseFilter(text).condition)).toBe(expected));

/** Where the hint points at. */
function errorOf(make: () => unknown): { message: string; at: number; hint: string } {
  try {
    make();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const hint = error.hint ?? "";
    return { message: error.message, hint, at: (hint.split("\n")[1] ?? "").indexOf("^") };
  }
  throw new Error("it was understood");
}

describe("what is no condition is pointed at", () => {
  test.each<[string, number, RegExp]>([
    ["", 0, /an end where a name or a number/],
    ["count >", 7, /an end where a name or a number/],
    ["count > > 3", 8, /">" where a name or a number/],
    ["(a == 1", 7, /an end where "\)"/],
    ["a == 1)", 6, /"\)" where "&&" or "\|\|"/],
    ["a == 1 b", 7, /"b" where "&&" or "\|\|"/],
    ["a = 1", 2, /"=", which means nothing/],
    ["a == 'x", 5, /"'", which means nothing/],
    ["a < 'x'", 2, /"<" before a string/],
    ["3 == 'x'", 0, /compares a string with what is no name/],
    [`a == '${"x".repeat(64)}'`, 2, /a string of more than 63 bytes/],
    ["a-> == 1", 1, /"-", which means nothing/],
    ["a > 3parsecs", 4, /"3parsecs" where a name or a number/],
    ["a == -b", 6, /"b" where a name or a number/],
  ])('"%s"', (text, at, message) => {
    const error = errorOf(() => parseFilter(text));
    expect(error.message).toMatch(message);
    expect(error.at).toBe(at);
  });
});

describe("a name", () => {
  const form = (name: string) => formNamed(name, "test");
  const write = {
    name: "write",
    params: [
      { name: "fd", form: form("d") },
      { name: "path", form: form("str") },
    ],
    hidden: [{ name: "mode", form: namedForm("openat", "flags", form("x32"), "x86-64") }],
    result: form("i64"),
    timed: true,
  };
  const check = (text: string, asked = write) => errorOf(() => checkFilter(parseFilter(text), asked));

  test("of an argument, the result or the duration is known", () =>
    expect(() => checkFilter(parseFilter("fd > 2 && ret < 0 && duration > 1ms"), write)).not.toThrow());
  test("of no argument is pointed at, with the nearest one", () =>
    expect(check("fd > 2 && rte < 0")).toMatchObject({
      message: 'filter "fd > 2 && rte < 0": "rte" is no argument of write',
      at: 10,
      hint: expect.stringContaining('did you mean "ret"?'),
    }));
  test("of a string cannot be compared", () => expect(check("path == 3").message).toContain("is a string"));
  test("of a flag is known by what it is compared with", () => {
    expect(() => checkFilter(parseFilter("mode & O_CREAT && mode & O_RDWR != O_RDWR"), write)).not.toThrow();
    expect(check("mode & O_CRAET")).toMatchObject({ at: 7, hint: expect.stringContaining('"O_CREAT"') });
    expect(check("fd & O_CREAT")).toMatchObject({
      message: expect.stringContaining("no name of a flag"),
      at: 5,
    });
  });
  test("of an error is below zero", () =>
    expect(check("ret == ENOENT").hint).toContain("errors are below zero: -ENOENT"));
  test("of a string is compared with strings alone", () => {
    expect(() => checkFilter(parseFilter('path == "/etc/*" && !(path != "x")'), write)).not.toThrow();
    expect(check('fd == "x"')).toMatchObject({
      message: expect.stringContaining('"fd" of write is no string'),
      at: 0,
    });
  });
  test("of what is not followed to its end has no result and no duration", () => {
    expect(check("duration > 1", { ...write, timed: false }).hint).toContain("it has fd, path, mode, ret");
  });
});

test("a condition on the result or the duration waits for the return", () => {
  expect(needsReturn(parseFilter("fd > 2 || !(ret < 0)"))).toBe(true);
  expect(needsReturn(parseFilter("duration > 2"))).toBe(true);
  expect(needsReturn(parseFilter("fd > 2"))).toBe(false);
});

test("listing: a condition", () => {
  const drop = label("drop");
  const widths = { small: [1, true], middle: [4, false], large: [8, true] } as const;
  const place = {
    scratch: -8,
    named: (name: string) => {
      const [size, signed] = widths[name as keyof typeof widths];
      return { load: [load(8, r1, r6, 0)], size, signed };
    },
    match: (name: string, { text }: Pattern, differs: Label) => [
      jump.ne(r1, name.length + text.length, differs),
    ],
  };
  const { condition } = parseFilter("(small < -1 || middle & 0x40) && !(large >= middle)");
  const code = [unless(condition, place, drop), drop, exit()];
  expectGolden("test/golden/trace-fn/condition.lst", `${listing(assemble(code))}\n`);
});
