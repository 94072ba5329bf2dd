import { didYouMean, nearest } from "../../../src/core/suggest";

const calls = ["read", "readv", "open", "openat", "openat2", "stat", "statx", "newfstatat", "futex", "mmap"];

describe("nearest", () => {
  test.each([
    ["a letter missing", "opnat", "openat"],
    ["a letter too many", "futexx", "futex"],
    ["a letter replaced", "fudex", "futex"],
    ["two letters swapped", "raed", "read"],
    ["the other case", "OPENAT", "openat"],
    ["the beginning", "newf", "newfstatat"],
    ["the middle", "wfsta", "newfstatat"],
    ["a longer word that begins so", "mmap_pgoff", "mmap"],
    ["as many edits as a long word may take", "newfxxxtat", "newfstatat"],
    ["one more", "nexxxxtat", undefined],
    ["nothing close", "clone", undefined],
    ["one letter is not enough to go by", "x", undefined],
    ["empty", "", undefined],
  ])("%s: %s", (_name, word, expected) => expect(nearest(word, calls)).toBe(expected));

  test("of two equally far the one that begins the same way", () =>
    expect(nearest("rtat", ["stat", "rtax"])).toBe("rtax"));

  test("a better one is found after a worse one, and a worse one never after", () => {
    for (const candidates of [
      ["xpenat", "openat", "openxt"],
      ["openxt", "openat", "xpenat"],
    ])
      expect(nearest("opneat", candidates)).toBe("openat");
  });

  test("the exact word wins over longer ones", () => expect(nearest("open", calls)).toBe("open"));
});

test("didYouMean asks", () => {
  expect(didYouMean("opnat", calls)).toBe('did you mean "openat"?');
  expect(didYouMean("zzz", calls)).toBeUndefined();
});
