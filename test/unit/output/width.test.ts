import { bar } from "../../../src/output/bar";
import { harmless } from "../../../src/output/harmless";
import { clip, displayWidth, pad, truncate } from "../../../src/output/width";

test.each([
  ["", 0],
  ["bash", 4],
  ["日本", 4],
  ["ｶﾅ", 2],
  ["한글", 4],
  ["🚀", 2],
  ["👩‍👩‍👧", 2],
  ["🇩🇪", 2],
  ["❤️", 2],
  ["©", 1],
  ["e\u0301", 1],
  ["a\u200bb", 2],
  ["…▏█", 3],
  ["▁▂█\u0301", 3],
  ["𠀀", 2],
])("displayWidth(%p) is %d", (text, width) => expect(displayWidth(text)).toBe(width));

test.each([
  ["fits", "abcdef", 6, "end", "abcdef"],
  ["at the end", "abcdef", 4, "end", "abc…"],
  ["at the start", "abcdef", 4, "start", "…def"],
  ["to the mark alone", "abcdef", 1, "end", "…"],
  ["to nothing", "abcdef", 0, "end", ""],
  ["never through a wide character", "日本語", 4, "end", "日…"],
  ["never through a cluster", "ab👩‍👩‍👧cd", 4, "end", "ab…"],
  ["wide at the start", "日本語", 4, "start", "…語"],
] as const)("truncate %s", (_name, text, width, end, expected) => {
  expect(truncate(text, width, "…", end)).toBe(expected);
});

test.each([
  ["ab", 4, "left", "ab  "],
  ["ab", 4, "right", "  ab"],
  ["日", 4, "right", "  日"],
  ["abcdef", 4, "left", "abcdef"],
] as const)("pad(%p, %d, %s)", (text, width, align, expected) =>
  expect(pad(text, width, align)).toBe(expected),
);

test.each([
  ["abc", 5, "abc"],
  ["abcdef", 3, "abc"],
  ["\x1b[1mabc\x1b[22mdef", 4, "\x1b[1mabc\x1b[22md"],
  ["\x1b[1mabcdef\x1b[22m", 2, "\x1b[1mab\x1b[22m"],
  ["\x1b[1mab日\x1b[22mc", 3, "\x1b[1mab\x1b[22m"],
])("clip(%p, %d)", (line, width, expected) => expect(clip(line, width)).toBe(expected));

test.each([
  ["plain ä 日 🚀", "plain ä 日 🚀"],
  ["\x1b]0;title\x07", "\\e]0;title\\x07"],
  ["a\nb\tc\rd", "a\\nb\\tc\\rd"],
  ["\x00\x7f\x85\x9b", "\\x00\\x7f\\x85\\x9b"],
  ["\u2028\u202e\u2066", "\\u2028\\u202e\\u2066"],
])("harmless(%p)", (text, expected) => expect(harmless(text)).toBe(expected));

test.each([
  [0, ""],
  [1, "████"],
  [0.5, "██"],
  [1 / 32, "▏"],
  [0.72, "██▉"],
  [2, "████"],
  [-1, ""],
  [Number.NaN, ""],
])("bar(%d, 4)", (share, expected) => expect(bar(share, 4)).toBe(expected));

test("a bar in ASCII has whole columns", () => expect(bar(0.6, 4, true)).toBe("##"));
