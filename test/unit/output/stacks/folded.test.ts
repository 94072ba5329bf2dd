import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import fc from "fast-check";
import { foldedStacks } from "../../../../src/output/stacks/folded";
import type { Frame, FrameKind } from "../../../../src/output/stacks/profile";
import { readProfile } from "../../../../src/output/stacks/read-profile";
import { recordSkip } from "../../../kernel/skip-log";
import { deep, empty, mixed, profileOf, shop, textOf } from "./sample";

const folded = (...given: Parameters<typeof foldedStacks>) => textOf(foldedStacks(...given));
const read = (text: string) => readProfile(Buffer.from(text), "/tmp/some.folded");

test("a line for each stack, the outermost frame first, sorted", () => {
  expect(folded(mixed)).toBe(
    [
      "[idle];do_idle 2",
      "shop;main;load;vfs_read 1",
      "shop;main;pay 3",
      "shop;main;pay;add 2",
      "shop;main;render page.js:7 2",
      "",
    ].join("\n"),
  );
});

test("kinds as suffixes, on request", () => {
  expect(folded(mixed, { kinds: true }).split("\n")).toEqual([
    "[idle];do_idle_[k] 2",
    "shop;main;load;vfs_read_[k] 1",
    "shop;main;pay 3",
    "shop;main;pay;add_[i] 2",
    "shop;main;render page.js:7_[j] 2",
    "",
  ]);
});

test("stacks that look the same are one line, even if they are not the same", () => {
  const kinds: FrameKind[] = ["user", "kernel"];
  const stacks = kinds.map((kind): { frames: Frame[]; weight: number } => ({
    frames: [
      { name: "read", kind },
      { name: "copy", kind: "user" },
    ],
    weight: 3,
  }));
  expect(folded(profileOf(stacks))).toBe("read;copy 6\n");
  expect(folded(profileOf(stacks), { kinds: true })).toBe("read;copy 3\nread_[k];copy 3\n");
});

test.each([
  ["semicolons become colons", "Lorg/Main;.run(Ljava/util/List;)V", "Lorg/Main:.run(Ljava/util/List:)V"],
  ["a line break stays on its line", "a\nb 5", "a\\nb 5"],
  [
    "spaces and numbers are part of a name",
    "operator new(unsigned long) 12",
    "operator new(unsigned long) 12",
  ],
  ["an escape sequence is written out", "\x1b[2J", "\\e[2J"],
  ["half a character is replaced", "\ud800x", "\ufffdx"],
  ["no name", "", "[no name]"],
])("%s", (_what, name, text) => {
  expect(folded(profileOf([{ frames: [name, "leaf"], weight: 1 }]))).toBe(`${text};leaf 1\n`);
});

test("weights are written as digits, however large", () => {
  const stacks = [2 ** 53 - 1, 1e21].map((weight, at) => ({ frames: [`f${at}`], weight }));
  expect(folded(profileOf(stacks))).toBe("f0 9007199254740991\nf1 1000000000000000000000\n");
});

test("samples without a frame are not dropped", () => {
  expect(folded(profileOf([{ frames: [], weight: 4 }]))).toBe("[no stack] 4\n");
});

test("nothing is an empty file", () => expect(folded(empty)).toBe(""));

test("what is read is what was written", () => {
  const text = folded(mixed, { kinds: true });
  expect(folded(read(text), { kinds: true })).toBe(text);
  expect(read(text).frames.map(({ name, kind }) => `${kind} ${name}`)).toEqual([
    "user [idle]",
    "kernel do_idle",
    "user shop",
    "user main",
    "user load",
    "kernel vfs_read",
    "user pay",
    "inline add",
    "jit render page.js:7",
  ]);
});

test("any names, weights and depths survive", () => {
  const name = fc.string({ minLength: 1, unit: "binary" });
  const stack = fc.record({
    frames: fc.array(name, { minLength: 1, maxLength: 5 }),
    weight: fc.integer({ min: 1, max: 2 ** 40 }),
  });
  fc.assert(
    fc.property(fc.array(stack, { maxLength: 10 }), (stacks) => {
      const text = folded(profileOf(stacks), { kinds: true });
      expect(folded(read(text), { kinds: true })).toBe(text);
    }),
    { numRuns: 30 },
  );
});

test("ten thousand frames deep, there and back", () => {
  const text = folded(deep(10_000));
  expect(text.split(";")).toHaveLength(10_000);
  expect(folded(read(text))).toBe(text);
});

test("files of other tools: comments, empty lines, no line break at the end, separators, fractions", () => {
  const profile = read("# cmdline: perf record\n\njava;a;-;b_[k] 3\r\njava;a 2.5");
  expect(profile.frames.map(({ kind }) => kind)).toEqual(["user", "user", "marker", "kernel"]);
  expect([...profile.samples.weight]).toEqual([3, 2.5]);
  expect(folded(profile)).toBe("java;a 2.500\njava;a;-;b 3\n");
});

test("a stack that comes twice counts twice", () =>
  expect(folded(read("a;b 2\nc 1\na;b 3\n"))).toBe("a;b 5\nc 1\n"));

test("a line without a number is refused by its number", () => {
  expect(() => read("a;b 2\n\na;c\n")).toThrow('read "/tmp/some.folded": line 3 does not end in a number');
});

test("a compressed file is refused", () => {
  expect(() => readProfile(Buffer.from([0x1f, 0x8b, 8]), "x.gz")).toThrow('read "x.gz": is compressed');
});

/** Debian's libdevel-nytprof-perl has one. */
const FLAMEGRAPH = "/usr/share/perl5/Devel/NYTProf/flamegraph.pl";
const peer = existsSync(FLAMEGRAPH) ? test : test.skip;
if (peer === test.skip)
  recordSkip({
    test: "flamegraph.pl draws our folded stacks",
    reason: "libdevel-nytprof-perl is not installed",
  });

peer("flamegraph.pl draws our folded stacks", () => {
  const awkward = profileOf([
    { group: shop, frames: ["operator<<(std::ostream&, Foo;Bar) 9", 'say "hi"'], weight: 13 },
    { group: shop, frames: ["plain"], weight: 7 },
  ]);
  const { status, stdout, stderr } = spawnSync("perl", [FLAMEGRAPH], {
    input: folded(awkward),
    encoding: "utf8",
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(stdout).toContain("Foo:Bar) 9 (13 samples, 65.00%)");
  expect(stdout).toContain("plain (7 samples, 35.00%)");
});
