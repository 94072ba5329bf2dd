/** Files from elsewhere: whatever is in them, there is a profile that can be written, or a UsageError. */
import fc from "fast-check";
import { UsageError } from "../../../../src/core/errors";
import { profileFormats, renderProfile } from "../../../../src/output/stacks/formats";
import { profileJson } from "../../../../src/output/stacks/profile-json";
import { readProfile } from "../../../../src/output/stacks/read-profile";
import { info, mixed, textOf } from "./sample";

/** Reads and writes in every format. False where the file was refused. */
function survives(bytes: Uint8Array): boolean {
  try {
    const profile = readProfile(bytes, "fuzzed");
    for (const format of profileFormats) textOf(renderProfile(profile, format, { info, before: undefined }));
    return true;
  } catch (error) {
    if (error instanceof UsageError) return false;
    throw error;
  }
}

const runs = { numRuns: 40 };

test("any bytes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      survives(bytes);
    }),
    runs,
  );
});

test("any lines that end in a number", () => {
  const line = fc.tuple(fc.string({ unit: "binary" }), fc.double({ min: 0, max: 1e18, noNaN: true }));
  fc.assert(
    fc.property(fc.array(line, { maxLength: 8 }), (lines) => {
      survives(Buffer.from(lines.map(([stack, weight]) => `${stack} ${weight.toFixed(2)}`).join("\n")));
    }),
    runs,
  );
});

test("our own document with any of its values replaced", () => {
  const text = textOf(profileJson(mixed, info));
  const values = [...text.matchAll(/(?<=[:[,]\s?)("[^"]*"|\d+|null)/g)];
  expect(values.length).toBeGreaterThan(100);
  const junk = fc.constantFrom(
    "null",
    "-1",
    "1e308",
    "1.5",
    '""',
    '"9223372036854775807"',
    "{}",
    "[]",
    "[[]]",
    '"__proto__"',
    '"+275760-09-13"',
  );
  fc.assert(
    fc.property(fc.nat(values.length - 1), junk, (at, value) => {
      const { index, 0: old } = values[at]!;
      survives(Buffer.from(text.slice(0, index) + value + text.slice(index + old.length)));
    }),
    { numRuns: 100 },
  );
});

test.each([
  ["a weight that no format has room for", `a ${"9".repeat(30)}`, 'read "x": line 1: weight above 2^63'],
  ["a weight of four hundred digits", `a ${"9".repeat(400)}`, 'read "x": line 1: weight above 2^63'],
])("%s is refused", (_what, text, message) =>
  expect(() => readProfile(Buffer.from(text), "x")).toThrow(message),
);

test("the largest weights can be written in every format", () => {
  expect(survives(Buffer.from(`a;b ${2n ** 63n}\na;c ${2n ** 63n}\n`))).toBe(true);
});

test("an empty file is an empty profile", () => expect(survives(Buffer.from(""))).toBe(true));
